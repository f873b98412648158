package constraints

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// oddLines are lines of every kind, most of which several versions of a file
// share.
var oddLines = []string{
	"a==1.0\n", "b_B===2 ; python_version < '3'\n", "  c == 1.0  # why\r\n", "d>=1\n", "-c other.txt\n", "--pre\n", "# a comment\n", "\n", "e @ https://x/y.whl\n",
	"f==1.0 \\\n    --hash=sha256:00 \\\n    --hash sha512:11 # c\n", "f==1.0 \\\n  --hash=sha256:00 \\\n    --hash sha512:11 # c\n", "g==1 --hash=sha256:00\n",
	"h==\\\n1.0\n", "i==1\\\n# c\n", "j==1.*\n", "k===x\n", "${L}==1\n", "m[extra]==1\n", "n=1\n", "é==1\n", "o==1 # é\n", "p==1\x0cq==2\u2028", "r==1 \\\n", "\\\n",
	"s==1.0\n", "s==1.1\n", "./t.whl\n", "\tu==1\n",
}

// oddFile writes some lines of a kind, and sometimes a mark or a coding before them.
func oddFile(random *rand.Rand) []string {
	var out []string
	switch random.IntN(8) {
	case 0:
		out = append(out, "\xef\xbb\xbf")
	case 1:
		out = append(out, "# coding: latin-1\n")
	}
	for range random.IntN(12) {
		out = append(out, oddLines[random.IntN(len(oddLines))])
	}
	return out
}

// changed is another version of a file.
func changed(lines []string, random *rand.Rand) []string {
	out := append([]string(nil), lines...)
	for range random.IntN(4) {
		at := random.IntN(len(out) + 1)
		line := oddLines[random.IntN(len(oddLines))]
		switch {
		case at == len(out) || random.IntN(3) == 0:
			out = append(out[:at], append([]string{line}, out[at:]...)...)
		case random.IntN(2) == 0:
			out[at] = line
		default:
			out = append(out[:at], out[at+1:]...)
		}
	}
	return out
}

// A later version reads the same whether or not an earlier one is at hand.
func TestRereadIsParse(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	taken := 0
	for range 20_000 {
		lines := oddFile(random)
		old, err := Parse("c.txt", []byte(strings.Join(lines, "")))
		if err != nil {
			continue
		}
		data := []byte(strings.Join(changed(lines, random), ""))
		want, wantErr := Parse("c.txt", data)
		got, gotErr := old.Reread(data)
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(gotErr, wantErr) {
			t.Fatalf("after %q\nReread(%q) = %+v, %v\nParse        %+v, %v", old.Data, data, got, gotErr, want, wantErr)
		}
		if got != nil {
			taken += len(got.Pins)
		}
	}
	if taken < 5_000 {
		t.Errorf("only %d pins were compared", taken)
	}
}

// What was read before is not read again: that makes hundreds of branches of a
// file of thousands of pins affordable.
func TestRereadReadsWhatChangedAlone(t *testing.T) {
	text := many("pin%==1.0\n", 2000)
	old, err := Parse("c.txt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	edited := []byte(strings.Replace(text, "pin1000==1.0", "pin1000==1.1", 1))
	read := func(f func()) float64 { return testing.AllocsPerRun(3, f) }
	whole := read(func() { _, _ = Parse("c.txt", edited) })
	again := read(func() { _, _ = old.Reread(edited) })
	if again > whole/2 {
		t.Errorf("Reread of one line makes %.0f allocations, Parse of all of them %.0f", again, whole)
	}
}
