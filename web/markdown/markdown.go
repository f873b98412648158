// Package markdown renders the Markdown that pinwheel and people write into
// GitLab as the demo and the status page show it: tables, task lists whose boxes can be
// pressed, folded parts, and nothing else of HTML.
//
// Its invariant: whatever the source says, the outcome holds no script, no
// style, no address that is loaded by itself, and no element but those that
// Markdown has, buttons for boxes, details and summary. It does no I/O.
package markdown

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"html/template"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// Options say how a text stands in its page. The zero value works: boxes can
// not be pressed and links are their text.
type Options struct {
	// ID begins the id of every box, which has to be unique in the page.
	ID string
	// Form is the id of the form that a box sends, with the text of its line as
	// the value of "tick", or of "untick" where it is ticked.
	Form string
	// Below is the level of the heading the text stands under; a heading of
	// level 1 in it becomes Below+1, and none goes beyond 6.
	Below int
	// Link returns where a link to target leads; "" leaves its text alone.
	Link func(target string) string
}

// Render returns the text as HTML.
func Render(source string, o Options) (template.HTML, error) {
	md := goldmark.New(
		goldmark.WithExtensions(
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
			extension.TaskList, extension.Strikethrough,
		),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(&nodes{Options: o}, 1))),
	)
	var out bytes.Buffer
	if err := md.Convert([]byte(source), &out); err != nil {
		return "", fmt.Errorf("render Markdown: %w", err)
	}
	return template.HTML(out.String()), nil //nolint:gosec // what this package is for; its tests and its fuzzing hold that it is harmless
}

// BoxID returns the id that the box of a line has, ticked or not.
func BoxID(prefix, line string) string {
	h := fnv.New32a()
	h.Write([]byte(line))
	return fmt.Sprintf("%s-box-%08x", prefix, h.Sum32())
}

// lineOf is what follows the box in a line of a task list.
func lineOf(line string) string {
	_, after, _ := strings.Cut(line, "]")
	return strings.TrimSpace(after)
}
