package constraints

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever moves, comes and goes in a list or a map, the outcome holds the pins,
// every comment of its own line stays, and every line of an entry that did not
// change is as it was.
func TestEntriesKeepTheirLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		format := rapid.SampledFrom([]Format{FormatList, FormatMap}).Draw(t, "format")
		newline := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")
		pad := rapid.SampledFrom([]string{"", "  ", "      "}).Draw(t, "indent")
		if format == FormatMap && pad == "" {
			pad = " "
		}
		var old strings.Builder
		old.WriteString("# top" + newline + "k: # of k" + newline)
		lines := map[string]string{} // by pin
		names := rapid.Permutation([]string{"aa", "B.b", "c_c", "dd", "yes"}).Draw(t, "names")
		count := rapid.IntRange(1, 5).Draw(t, "count")
		before := map[string]string{}
		for i, name := range names[:count] {
			version := rapid.SampledFrom([]string{"1.0", "1.0.0", "2!3", "1.0rc1"}).Draw(t, "version")
			quote := rapid.SampledFrom([]string{"'", `"`}).Draw(t, "quote")
			if rapid.Bool().Draw(t, "comment before") {
				fmt.Fprintf(&old, "%s# before %d%s", pad, i, newline)
			}
			line := pad + "- " + quote + name + "==" + version + quote
			if format == FormatMap {
				line = pad + quote + name + quote + ": " + quote + version + quote
			}
			line += rapid.SampledFrom([]string{"", "  # own"}).Draw(t, "comment behind") + newline
			old.WriteString(line)
			lines[name+"=="+version], before[name] = line, version
		}
		old.WriteString("# after" + newline + "z: 1" + newline)
		var pins []string
		for _, name := range []string{"aa", "B.b", "c_c", "dd", "yes"} {
			version, had := before[name]
			if rapid.IntRange(0, 3).Draw(t, "change") == 0 {
				version = "9.9"
				had = !had
			}
			if had {
				pins = append(pins, name+"=="+version)
			}
		}
		f, err := Parse("constraints.txt", []byte(strings.Join(pins, "\n")+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		d := Derivation{Path: "d.yml", Format: format, Key: []string{"k"}}
		out, err := Derive(f, []byte(old.String()), d)
		if err != nil {
			t.Fatalf("%v\n%s", err, old.String())
		}
		if ok, err := InSync(f, out, d); !ok || err != nil {
			t.Fatalf("in step: %v, %v\n%s\nbecame\n%s", ok, err, old.String(), out)
		}
		some := slices.ContainsFunc(pins, func(pin string) bool { _, had := before[strings.Split(pin, "==")[0]]; return had })
		if !some {
			return // nothing is left to change entry by entry
		}
		for _, pin := range pins {
			if line := lines[pin]; line != "" && !strings.Contains(string(out), line) {
				t.Fatalf("the line of %s did not stay\n%s\nbecame\n%s", pin, old.String(), out)
			}
		}
		for line := range strings.Lines(old.String()) {
			if strings.HasPrefix(strings.TrimSpace(line), "#") && !strings.Contains(string(out), line) {
				t.Fatalf("a comment went: %q\n%s\nbecame\n%s", line, old.String(), out)
			}
		}
	})
}
