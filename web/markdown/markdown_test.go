package markdown

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/hostile"
)

func render(t *testing.T, source string, o Options) string {
	t.Helper()
	out, err := Render(source, o)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestRender(t *testing.T) {
	o := Options{ID: "issue", Form: "boxes", Below: 2, Link: func(target string) string {
		if iid, is := strings.CutPrefix(target, "!"); is {
			return "#mr-" + iid
		}
		return target
	}}
	for _, c := range []struct{ name, source, want string }{
		{"a marker is hidden", "<!-- pinwheel:dashboard v=1 -->\n**4 pins**", "<p><strong>4 pins</strong></p>"},
		{"headings stand below the page's own", "## Open", "<h4>Open</h4>"},
		{"none goes beyond 6", "##### Deep", "<h6>Deep</h6>"},
		{"a merge request", "[Update](!4)", `<p><a href="#mr-4" rel="noreferrer noopener">Update</a></p>`},
		{"an address that does something", "[x](javascript:alert)", "<p>x</p>"},
		{"an image is its text", "![see](https://evil.example/x.png)", "<p>see</p>"},
		{"an address in angles", "<https://a.example/?a&b>", `<p><a href="https://a.example/?a&amp;b" rel="noreferrer noopener">https://a.example/?a&amp;b</a></p>`},
		{"a script is text", "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
		{"so is an element in a line", `a <img src=x onerror="f()"> b`, `<p>a &lt;img src=x onerror=&#34;f()&#34;&gt; b</p>`},
		{"a folded part", "<details><summary>Why & how</summary>\n\ntext\n\n</details>",
			"<details><summary>Why &amp; how</summary>\n\n<p>text</p>\n</details>"},
		{"one that does not end", "<details><summary>Why</summary>\n\ntext", "<details><summary>Why</summary>\n\n<p>text</p>\n</details>"},
		{"an end without a beginning", "</details>", ""},
		{"details with an attribute", "<details open onclick=f()>", "&lt;details open onclick=f()&gt;"},
		{"a table", "| a |\n|---|\n| `1` |", "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td><code>1</code></td>\n</tr>\n</tbody>\n</table>"},
		{"a box", ` - [ ] <!-- x=a"b -->[Update **a** to v1](!4)` + "\n   — reason.", "<ul>\n<li>" + `<button type="submit" role="checkbox" aria-checked="false" id="` +
			BoxID("issue", `<!-- x=a"b -->[Update **a** to v1](!4)`) + `" aria-label="Update a to v1" form="boxes" name="tick" value="&lt;!-- x=a&#34;b --&gt;[Update **a** to v1](!4)"></button> ` +
			`<a href="#mr-4" rel="noreferrer noopener">Update <strong>a</strong> to v1</a>` + "\n— reason.</li>\n</ul>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := render(t, c.source, o); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestTickedBoxesAndBoxesWithoutAForm(t *testing.T) {
	ticked := render(t, "- [x] done", Options{ID: "a", Form: "f"})
	if !strings.Contains(ticked, `aria-checked="true"`) || !strings.Contains(ticked, `name="untick" value="done"`) {
		t.Error(ticked)
	}
	if !strings.Contains(ticked, BoxID("a", "done")) {
		t.Error("ticking moves the id: ", ticked)
	}
	if alone := render(t, "- [ ] done", Options{}); !strings.Contains(alone, "disabled></button>") {
		t.Error(alone)
	}
}

var element = regexp.MustCompile(`<[a-zA-Z/!][^>]*>`)

// plain are the elements that may be there, each with the attributes it may have.
var plain = regexp.MustCompile(`^</?(p|h[1-6]|ul|li|ol( start="\d+")?|table|thead|tbody|tr|t[hd]( align="\w+")?|strong|em|del|code( class="[^"<>]*")?|pre|blockquote|details|summary|hr|br|a)>$` +
	`|^<a href="(#|https://)[^"<>]*" rel="noreferrer noopener">$|^<button type="submit" role="checkbox" aria-checked="(true|false)" id="[^"<>]*" aria-label="[^"<>]*" (disabled|form="f" name="(un)?tick" value="[^"<>]*")>$|^</button>$`)

// harmless fails for any element that Markdown does not have.
func harmless(t *testing.T, source, out string) {
	t.Helper()
	for _, e := range element.FindAllString(out, -1) {
		if !plain.MatchString(e) {
			t.Errorf("%q\nbecomes\n%s\nwith the element %s", source, out, e)
		}
	}
	if strings.Count(out, "<details>") != strings.Count(out, "</details>") {
		t.Errorf("%q\nfolds out of balance:\n%s", source, out)
	}
}

var everything = Options{ID: "i", Form: "f", Below: 2, Link: func(target string) string { return target }}

func TestNothingHostileComesThrough(t *testing.T) {
	for _, source := range hostile.Texts() {
		harmless(t, source, render(t, source, everything))
		harmless(t, source, render(t, "- [ ] "+source, everything))
	}
}

func FuzzRender(f *testing.F) {
	pages, err := filepath.Glob("../../dashboard/testdata/*.md")
	if err != nil || len(pages) == 0 {
		f.Fatal("no pages to begin with: ", err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, source := range slices.Concat(hostile.Texts(), []string{"- [ ] <details><summary>a</summary>", "<details><summary></details></summary></details>", "[a]: https://b \"c\"\n[a]"}) {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) { harmless(t, source, render(t, source, everything)) })
}
