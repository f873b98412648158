package constraints

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// landings are places in the recorded files where new pins land, marked "+".
var landings = []struct{ file, add, want string }{
	{"constraints-2024-02.txt", "anymarkup-extra", "anymarkup-core==0.8.1\n+anymarkup-extra==1\nanymarkup==0.8.1\n"},
	{"constraints-2024-02.txt", "Aaa", "+Aaa==1\nanyio==4.2.0\n"},
	{"consistent-env-2026.txt", "botocore-stubs", "botocore==1.43.11\n+botocore-stubs==1\ncertifi==2026.5.20\n"},
	{"airflow2-constraints.txt", "zzz", "zope.interface==5.4.0\n+zzz==1\n"},
	{"zope-constraints.txt", "BTreesX", "BTrees==6.4\n+BTreesX==1\nBabel==2.18.0\n"},
	{"home-assistant-2024.txt", "aiohttp-fast-x", "aiohttp-fast-url-dispatcher==0.3.0\n+aiohttp-fast-x==1\naiohttp-fast-zlib==0.1.1\n"},
	{"home-assistant-2024.txt", "zzz", "zeroconf==0.132.2\n+zzz==1\n\n"},
	{"cibuildwheel-constraints.txt", "attr", "altgraph==0.17.5\n    # via macholib\n+attr==1\nattrs==26.1.0\n"},
	{"cibuildwheel-constraints-python39.txt", "aaa", "#    nox -s update_constraints\n+aaa==1\nabi3audit==0.0.25\n"},
	{"uv-compiled-boto3.txt", "ccc", "    #   s3transfer\n+ccc==1\njmespath==0.10.0\n"},
	{"openstack-upper-constraints.txt", "aaa", "+aaa===1\n"},
	{"openstack-upper-constraints-markers.txt", "aaa", "+aaa===1\n"},
	{"uv-poetry-with-hashes.txt", "aaa", "\n+aaa==1 \\\n+    --hash=sha256:" + strings.Repeat("a", 64) + " \\\n+    --hash=sha256:" + strings.Repeat("b", 64) + "\n"},
}

func TestRewriteRealFiles(t *testing.T) {
	files := realFiles(t)
	for _, c := range landings {
		got, err := rewritten(t, files[c.file], nil, c.add+" 1")
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		if want := strings.ReplaceAll(c.want, "+", ""); !strings.Contains(got, want) {
			i := max(strings.Index(got, "\n"+c.add+"="), 0)
			t.Errorf("%s: want\n%s\ngot\n%s", c.file, c.want, got[max(i-200, 0):min(i+200, len(got))])
		}
	}
}

// checkAddAndRemove adds pins and removes them again: the new file is the old
// one with some lines put in, and then the old one again.
func checkAddAndRemove(t fatal, f *File, adds []NewPin) {
	out, err := f.Rewrite(Change{Add: adds})
	if err != nil {
		return // something in the file is in the way, and that is said
	}
	g, err := Parse(f.Path, out)
	if err != nil {
		t.Fatalf("%v\n%q", err, out)
	}
	if len(g.Pins) != len(f.Pins)+len(adds) || len(g.Unmanaged) != len(f.Unmanaged) {
		t.Fatalf("%d and %d became %d and %d\n%q\n%q", len(f.Pins), len(f.Unmanaged), len(g.Pins), len(g.Unmanaged), f.Data, out)
	}
	var c Change
	for _, n := range adds {
		i := slices.IndexFunc(g.Pins, func(p Pin) bool { return p.Name == n.Name && p.MarkerText == n.MarkerText })
		if i < 0 || g.Pins[i].Version.Raw() != n.Version {
			t.Fatalf("%v is not there\n%q", n, out)
		}
		if p := pageOf(g); g.lineOf(g.Pins[i]).last < len(p.lines) && via.MatchString(p.lines[g.lineOf(g.Pins[i]).last].text) {
			return // a comment that somebody else's tool would take for the new pin's
		}
		c.Remove = append(c.Remove, i)
	}
	back, err := g.Rewrite(c)
	if err != nil || !bytes.Equal(back, f.Data) {
		t.Fatalf("%v\nwas  %q\nwith %q\nback %q", err, f.Data, out, back)
	}
}

// checkRemove removes pins: what is left are lines of the old file, in their
// order, and all of them but those that go.
func checkRemove(t fatal, f *File, pins []int) {
	out, err := f.Rewrite(Change{Remove: pins})
	if err != nil {
		return
	}
	g, err := Parse(f.Path, out)
	if err != nil {
		t.Fatalf("%v\n%q", err, out)
	}
	var left []string
	for i, p := range f.Pins {
		if !slices.Contains(pins, i) {
			left = append(left, p.Name+p.Op+p.Version.Raw()+p.MarkerText)
		}
	}
	for i, p := range g.Pins {
		if i >= len(left) || left[i] != p.Name+p.Op+p.Version.Raw()+p.MarkerText {
			t.Fatalf("pin %d is %s %s\n%q\n%q", i, p.Name, p.Version.Raw(), f.Data, out)
		}
	}
	own := map[int]bool{} // the lines that pins stand on, those to be removed
	for _, i := range pins {
		for n := f.lineOf(f.Pins[i]).number; n <= f.lineOf(f.Pins[i]).last; n++ {
			own[n-1] = true
		}
	}
	at, old := 0, pageOf(f).lines
	for _, l := range append(pageOf(g).lines, physical{text: "the end"}) {
		for ; at < len(old) && (own[at] || old[at].text != l.text); at++ {
			if !own[at] && !strings.HasPrefix(strings.TrimSpace(old[at].text), "#") {
				t.Fatalf("%q is gone or %q is new\n%q\n%q", old[at].text, l.text, f.Data, out)
			}
			if strings.HasPrefix(old[at].text, "#") && !own[at] {
				t.Fatalf("%q is gone\n%q\n%q", old[at].text, f.Data, out)
			}
		}
		at++
	}
	if at != len(old)+1 {
		t.Fatalf("more lines than before\n%q\n%q", f.Data, out)
	}
}

type fatal interface{ Fatalf(string, ...any) }

func TestRewriteLawsOnRealFiles(t *testing.T) {
	files, part := realFiles(t), testenv.Sample(t, 1)
	for i, name := range slices.Sorted(maps.Keys(files)) {
		if !part.Has(i) {
			continue
		}
		f, err := Parse(name, files[name])
		if err != nil {
			t.Fatal(err)
		}
		var adds []NewPin
		for i, n := range []string{"aaa", "Flask-X", "m", "python-x", "zzzz"} {
			adds = append(adds, NewPin{Name: n, Version: fmt.Sprint(i + 1), SHA256: []string{da}})
		}
		if _, err := f.Rewrite(Change{Add: adds}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		checkAddAndRemove(t, f, adds)
		for i := 0; i < len(f.Pins); i += 1 + len(f.Pins)/30 {
			if _, err := f.Rewrite(Change{Remove: []int{i}}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			checkRemove(t, f, []int{i})
		}
		var all []int
		for i := range f.Pins {
			all = append(all, i)
		}
		checkRemove(t, f, all)
		checkTwins(t, f, Change{Add: adds, Remove: []int{0}})
	}
}

// checkTwins derives before and after a change: the twin of the new file is
// made from the old twin, and is in step.
func checkTwins(t *testing.T, f *File, c Change) {
	t.Helper()
	out, err := f.Rewrite(c)
	if err != nil {
		t.Fatal(err)
	}
	g, err := Parse(f.Path, out)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []Format{FormatBlock, FormatList, FormatMap} {
		d := with(format, "variables", "P")
		if _, err := contentOf(g, d); err != nil {
			continue
		}
		old, err := Derive(f, []byte("a: 1\nvariables:\n  P: # here\n  Q: 2 # c\n"), d)
		if err != nil {
			continue // the removed pin was what the format cannot carry
		}
		if ok, err := InSync(g, old, d); ok || err != nil {
			t.Errorf("%s %s: the old twin is in step: %v", f.Path, format, err)
		}
		twin, err := Derive(g, old, d)
		if err != nil {
			t.Fatal(err)
		}
		checkDerived(t, g, twin, d)
		if !bytes.HasPrefix(twin, []byte("a: 1\nvariables:\n  P:")) || !bytes.HasSuffix(twin, []byte("  Q: 2 # c\n")) {
			t.Errorf("%s %s: bytes around the key changed\n%s", f.Path, format, twin)
		}
	}
}

func TestRewriteTwins(t *testing.T) {
	f := parse(t, "a==1\nc==3\nx==9\n")
	out, err := f.Rewrite(Change{Remove: []int{2}, Add: []NewPin{{Name: "b", Version: "2"}}})
	if err != nil {
		t.Fatal(err)
	}
	for format, want := range map[Format]string{
		FormatBlock: "k: |\n  a==1\n  b==2\n  c==3\nz: 1\n",
		FormatList:  "k:\n  - a==1\n  - b==2\n  - c==3\nz: 1\n",
		FormatMap:   "k:\n  a: \"1\"\n  b: \"2\"\n  c: \"3\"\nz: 1\n",
	} {
		d := with(format, "k")
		old, err := Derive(f, []byte("k: ''\nz: 1\n"), d)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Derive(parse(t, string(out)), old, d); err != nil || string(got) != want {
			t.Errorf("%s: %v\n%s", format, err, got)
		}
	}
	checkTwins(t, f, Change{Remove: []int{0}, Add: []NewPin{{Name: "y", Version: "2"}}})
}

// drawFile draws files out of lines as people and programs write them.
func drawFile(t *rapid.T) []byte {
	name := rapid.SampledFrom([]string{"a", "B", "b-c", "b_d", "B.e", "f", "zz"})
	end := rapid.SampledFrom([]string{"\n", "\n", "\n", "\r\n", "\r", "\x0c"})
	one := rapid.SampledFrom([]string{
		"%s==1", "%s==1", "%s==1", "%s===2", "%s == 1", "  %s==3 # c", "%s==1 ; os_name=='nt'", "%s==1 --hash=sha256:00",
		"%s==1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11", "%s>=1", "%s", "%s==1.*", "%s @ https://x/y.whl",
		"# %s", "    # via %s", "    # via\n    #   %s", "", "   ", "-c %s", "--pre", "%s==1 --pre", "%s==1 # x \\", "# \\", "# coding: latin-1",
	})
	var b strings.Builder
	b.WriteString(rapid.SampledFrom([]string{"", "", "\xef\xbb\xbf"}).Draw(t, "mark"))
	n := rapid.IntRange(0, 8).Draw(t, "lines")
	for i := range n {
		text := one.Draw(t, "line")
		if strings.Contains(text, "%s") {
			text = fmt.Sprintf(text, name.Draw(t, "name"))
		}
		b.WriteString(text)
		if i < n-1 || rapid.Bool().Draw(t, "closed") {
			b.WriteString(end.Draw(t, "end"))
		}
	}
	return []byte(b.String())
}

func TestRewriteLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, err := Parse("c.txt", drawFile(t))
		if err != nil {
			t.Skip(err)
		}
		var adds []NewPin
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"aa", "B-b", "c.d", "Ee", "z_z"}), 1, 3, rapid.ID[string]).Draw(t, "adds") {
			adds = append(adds, NewPin{
				Name: name, Version: "7", SHA256: []string{da, db}, MarkerText: rapid.SampledFrom([]string{"", "", "os_name == 'nt'"}).Draw(t, "marker"),
			})
		}
		checkAddAndRemove(t, f, adds)
		if len(f.Pins) > 0 {
			checkRemove(t, f, rapid.SliceOfNDistinct(rapid.IntRange(0, len(f.Pins)-1), 1, -1, rapid.ID[int]).Draw(t, "removed"))
		}
	})
}

// FuzzRewrite holds Rewrite to its laws on any file.
func FuzzRewrite(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), 0, "b")
	}
	f.Add([]byte(" a == 1.0 \\\n\t\n\n"), 0, "b")
	f.Add([]byte("a==1\n  # via x\n#\nb==2 \\\n  ;os_name=='nt'\rc===3"), 1, "Zz")
	f.Fuzz(func(t *testing.T, data []byte, pin int, name string) {
		file, err := Parse("c.txt", data)
		if err != nil {
			return
		}
		checkAddAndRemove(t, file, []NewPin{{Name: name, Version: "7!7.7", SHA256: []string{da, db}}})
		if len(file.Pins) > 0 {
			checkRemove(t, file, []int{max(pin%len(file.Pins), 0)})
		}
	})
}
