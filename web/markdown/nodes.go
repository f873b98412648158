package markdown

import (
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	extended "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// nodes renders what is not as goldmark does it. One renders one text.
type nodes struct {
	Options
	open int // details that were begun and not ended
}

// RegisterFuncs implements renderer.NodeRenderer.
func (n *nodes) RegisterFuncs(to renderer.NodeRendererFuncRegisterer) {
	to.Register(ast.KindDocument, n.document)
	to.Register(ast.KindHeading, n.heading)
	to.Register(ast.KindLink, n.link)
	to.Register(ast.KindAutoLink, n.autoLink)
	to.Register(ast.KindImage, n.image)
	to.Register(ast.KindRawHTML, n.rawHTML)
	to.Register(ast.KindHTMLBlock, n.htmlBlock)
	to.Register(extended.KindTaskCheckBox, n.box)
}

// document ends what the text left open.
func (n *nodes) document(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		fmt.Fprint(w, strings.Repeat("</details>\n", n.open))
	}
	return ast.WalkContinue, nil
}

func (n *nodes) heading(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	level := min(node.(*ast.Heading).Level+n.Below, 6)
	if entering {
		fmt.Fprintf(w, "<h%d>", level)
	} else {
		fmt.Fprintf(w, "</h%d>\n", level)
	}
	return ast.WalkContinue, nil
}

func (n *nodes) link(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	n.anchor(w, string(node.(*ast.Link).Destination), entering)
	return ast.WalkContinue, nil
}

func (n *nodes) autoLink(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		link := node.(*ast.AutoLink)
		n.anchor(w, string(link.URL(source)), true)
		fmt.Fprint(w, html.EscapeString(string(link.Label(source))))
		n.anchor(w, string(link.URL(source)), false)
	}
	return ast.WalkContinue, nil
}

// anchor writes one side of a link, or nothing where it leads nowhere.
func (n *nodes) anchor(w util.BufWriter, target string, entering bool) {
	to := ""
	if n.Link != nil {
		to = n.Link(target)
	}
	switch {
	case to == "" || !strings.HasPrefix(to, "#") && !strings.HasPrefix(to, "https://"):
	case entering:
		fmt.Fprintf(w, `<a href="%s" rel="noreferrer noopener">`, html.EscapeString(to))
	default:
		fmt.Fprint(w, "</a>")
	}
}

// image leaves what stands for it: nothing is loaded.
func (n *nodes) image(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
	return ast.WalkContinue, nil
}

func (n *nodes) rawHTML(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		segments := node.(*ast.RawHTML).Segments
		n.elements(w, string(segments.Value(source)))
	}
	return ast.WalkSkipChildren, nil
}

func (n *nodes) htmlBlock(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		block := node.(*ast.HTMLBlock)
		text := string(block.Lines().Value(source))
		if block.HasClosure() {
			text += string(block.ClosureLine.Value(source))
		}
		n.elements(w, text)
		fmt.Fprintln(w)
	}
	return ast.WalkContinue, nil
}

var markup = regexp.MustCompile(`(?s)<!--.*?-->|<details>\s*<summary>(.*?)</summary>|</details>`)

// elements writes raw HTML: comments go, folded parts stay in balance, and
// everything else is text.
func (n *nodes) elements(w util.BufWriter, text string) {
	last := 0
	for _, m := range markup.FindAllStringSubmatchIndex(text, -1) {
		fmt.Fprint(w, html.EscapeString(text[last:m[0]]))
		last = m[1]
		switch {
		case m[2] >= 0:
			n.open++
			fmt.Fprintf(w, "<details><summary>%s</summary>", html.EscapeString(text[m[2]:m[3]]))
		case text[m[0]:m[1]] == "</details>" && n.open > 0:
			n.open--
			fmt.Fprint(w, "</details>")
		}
	}
	fmt.Fprint(w, html.EscapeString(text[last:]))
}

// box is a button that says it is a checkbox: that is sent when it is pressed,
// by a browser without scripts as well.
func (n *nodes) box(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	lines := node.Parent().Lines()
	first := lines.At(0)
	line := lineOf(string(first.Value(source)))
	checked, name := "false", "tick"
	if node.(*extended.TaskCheckBox).IsChecked {
		checked, name = "true", "untick"
	}
	form := "disabled"
	if n.Form != "" {
		form = fmt.Sprintf(`form="%s" name="%s" value="%s"`, html.EscapeString(n.Form), name, html.EscapeString(line))
	}
	fmt.Fprintf(w, `<button type="submit" role="checkbox" aria-checked="%s" id="%s" aria-label="%s" %s></button> `,
		checked, html.EscapeString(BoxID(n.ID, line)), html.EscapeString(Spoken(line)), form)
	return ast.WalkContinue, nil
}

var (
	comments = regexp.MustCompile(`<!--.*?-->`)
	links    = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	marks    = strings.NewReplacer("**", "", "`", "", `\`, "")
)

// Spoken is the line of a box as it is read out: without markers and Markdown.
func Spoken(line string) string {
	line = links.ReplaceAllString(comments.ReplaceAllString(line, ""), "$1")
	return strings.TrimSpace(marks.Replace(line))
}
