package pypi

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/python/dist"
	"gitlab.com/cki-project/pinwheel/python/metadata"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Doubling a hostile input at most doubles the cost of each parser, and a little.
func TestParsersTakeTimeInProportion(t *testing.T) {
	base, err := url.Parse("https://index.example/simple/acme/")
	if err != nil {
		t.Fatal(err)
	}
	page := func(text string) {
		_, _ = newPages().decode(strings.NewReader(text), false, 64<<20, wanted{name: "acme", hashes: true, details: base, roomy: true})
	}
	for name, c := range map[string]struct {
		n    int
		make func(n int) string
		read func(text string)
	}{
		"a page of files": {1000, func(n int) string {
			var b strings.Builder
			b.WriteString(`{"meta":{"api-version":"1.0"},"files":[`)
			for i := range n {
				fmt.Fprintf(&b, `{"filename":"acme-%d.0-py3-none-any.whl","url":"../../x/%d","hashes":{},"requires-python":">=%d"},`, i, i, i)
			}
			return b.String() + `{}]}`
		}, page},
		"a page of one version in many spellings": {1000, func(n int) string {
			var b strings.Builder
			b.WriteString(`{"meta":{"api-version":"1.0"},"files":[],"versions":[`)
			for i := range n {
				fmt.Fprintf(&b, `"1%s",`, strings.Repeat(".0", i%100))
			}
			return b.String() + `"1"]}`
		}, page},
		"a page of folders": {1000, func(n int) string {
			var b strings.Builder
			b.WriteString(`{"meta":{"api-version":"1.0"},"files":[`)
			for i := range n {
				fmt.Fprintf(&b, `{"filename":"acme-%d.tar.gz","url":"https://h%d.example/%d/x","hashes":{}},`, i, i, i)
			}
			return b.String() + `{}]}`
		}, page},
		"HTML": {1000, func(n int) string { return strings.Repeat(`<a href="acme-1.0.tar.gz#egg=x&sha256=y" a b c>x</a>`, n) }, func(text string) {
			_, _ = newPages().decodeHTML(strings.NewReader(text), false, 64<<20, wanted{name: "acme", address: base, details: base, roomy: true})
		}},
		"HTML that never ends a tag": {1000, func(n int) string { return "<a " + strings.Repeat("<a b=", n) }, func(text string) {
			_, _ = newPages().decodeHTML(strings.NewReader(text), false, 64<<20, wanted{name: "acme", address: base, roomy: true})
		}},
		"metadata of folded lines": {20000, func(n int) string {
			return "Metadata-Version: 2.1\nName: acme\nVersion: 1\nX: " + strings.Repeat("y\n ", n)
		}, func(text string) {
			_, _ = metadata.Parse([]byte(text))
		}},
		"metadata of requirements": {300, func(n int) string {
			return "Metadata-Version: 2.1\nName: acme\nVersion: 1\n" + strings.Repeat("Requires-Dist: x>=1,<2; python_version<'3'\nProvides-Extra: y\n", n)
		}, func(text string) { _, _ = metadata.Parse([]byte(text)) }},
		"a requirement of clauses": {2000, func(n int) string { return "x" + strings.Repeat(">=1,", n) + "<2" }, func(text string) { _, _ = pep508.Parse(text) }},
		"a marker of brackets":     {1000, func(n int) string { return strings.Repeat("(", n) + "os_name=='x'" + strings.Repeat(")", n) }, func(text string) { _, _ = pep508.ParseMarker(text) }},
		"a marker of alternatives": {2000, func(n int) string { return strings.Repeat("os_name=='x' or ", n) + "os_name=='y'" }, func(text string) { _, _ = pep508.ParseMarker(text) }},
		"a version of segments":    {2000, func(n int) string { return "1" + strings.Repeat(".1", n) }, func(text string) { _, _ = pep440.Parse(text) }},
		"a version of digits":      {4000, func(n int) string { return strings.Repeat("0", n) + "1" }, func(text string) { _, _ = pep440.Parse(text) }},
		"specifiers":               {4000, func(n int) string { return strings.Repeat("!=1.*,", n) }, func(text string) { _, _ = pep440.ParseSpecifiers(text) }},
		"a file's dashes":          {20000, func(n int) string { return "acme" + strings.Repeat("-", n) + "1.0.tar.gz" }, func(text string) { _, _ = dist.ParseFor("acme", text) }},
		"a zip of end records": {20000, func(n int) string { return strings.Repeat("PK\x05\x06", n) }, func(text string) {
			_, _ = zipMember(int64(len(text)), inMemory([]byte(text)), &inSdist{})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			testenv.Linear(t, c.n, func(n int) func() {
				text := c.make(n)
				return func() { c.read(text) }
			})
		})
	}
}
