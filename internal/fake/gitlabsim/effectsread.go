package gitlabsim

import (
	"fmt"
	"strings"
)

var (
	diagramInfo = lazy(`(?i)^(mermaid|plantuml|math|geojson|topojson|stl|json:table|glql|suggestion|[a-z]*uml|graphviz|dot|ditaa|vega|d2|bpmn|kroki)`)
	headingLine = lazy(`^ {0,3}(#{1,6})(?:\s|$)`)
	setextLine  = lazy(`^ {0,3}(?:=+|-+)\s*$`)
	ruleLine    = lazy(`^ {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$`)
	itemStart   = lazy(`^(\s*)(?:[-+*]|\d{1,9}[.)])(?:\s+|$)`)
	boxStart    = lazy(`^\[([ xX~])\]\s`)
	definition  = lazy(`^ {0,3}\[(?:\\.|[^\[\]\\])+\]:`)
	otherBlock  = lazy(`^\s*(?:\[\[_?TOC_?\]\]|\[TOC\]|:::|::include|\$\$|>>>|: )`)
	delimiters  = lazy(`^\|[\s:|-]+\|?\s*$`)
)

// readEffects is EffectsOf with the commits that exist.
func readEffects(text string, known func(string) bool) []Effect {
	r := &reading{known: known}
	_, commands := extractCommands(text)
	for _, c := range commands {
		r.note(QuickAction, strings.TrimSpace("/"+c.name+" "+c.arg))
	}
	r.raw(text)
	r.blocks(strings.Split(strings.ReplaceAll(text, "\r", ""), "\n"))
	return r.found
}

// blocks cuts a text into what is read as one: a paragraph, an item with its
// lines, a heading, a cell.
func (r *reading) blocks(lines []string) {
	var open []string
	flush := func() {
		if len(open) > 0 {
			r.inline(strings.Join(open, "\n"))
			open = nil
		}
	}
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if m := fence().FindStringSubmatch(line); m != nil && !strings.Contains(strings.TrimLeft(line, " `"), "`") {
			flush()
			i = r.fenced(lines, i, m[1])
			continue
		}
		if strings.TrimSpace(line) == "" {
			flush()
			continue
		}
		rest, fresh := r.leaders(line)
		if fresh {
			flush()
		}
		switch {
		case strings.HasPrefix(rest, "|"):
			flush()
			r.row(rest)
		case len(open) > 0 && setextLine().MatchString(rest):
			r.note(Heading, strings.TrimSpace(rest))
		case definition().MatchString(rest), otherBlock().MatchString(rest):
			r.note(Block, rest)
			open = append(open, rest)
		default:
			open = append(open, rest)
		}
	}
	flush()
}

// fenced reads a fence to its end, or that of the text, and returns its last
// line.
func (r *reading) fenced(lines []string, i int, mark string) int {
	info := strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(lines[i]), "`~"))
	r.note(Block, mark+info)
	if diagramInfo().MatchString(info) {
		r.note(Diagram, info)
	}
	for j := i + 1; j < len(lines); j++ {
		if end := strings.TrimSpace(lines[j]); strings.HasPrefix(end, mark) && strings.Trim(end, mark[:1]) == "" {
			return j
		}
	}
	return len(lines)
}

// leaders takes marks of quotes, lists and headings off a line. fresh says
// that the line begins something.
func (r *reading) leaders(line string) (rest string, fresh bool) {
	rest = line
	for {
		trimmed := strings.TrimLeft(rest, " \t")
		m := itemStart().FindString(rest)
		switch {
		case strings.HasPrefix(trimmed, ">"):
			r.note(Quote, "")
			rest = trimmed[1:]
		case ruleLine().MatchString(rest):
			r.note(Rule, rest)
			return "", true
		case headingLine().MatchString(rest):
			r.note(Heading, strings.TrimSpace(rest))
			return strings.TrimLeft(trimmed, "#"), true
		case m != "":
			r.note(Item, "")
			rest = rest[len(m):]
			if box := boxStart().FindStringSubmatch(rest); box != nil {
				r.note(Task, strings.TrimSpace(rest))
				rest = rest[len(box[0]):]
			}
		default:
			return trimmed, fresh
		}
		fresh = true
	}
}

// row reads the cells of a table's row. A pipe after a backslash is no end of
// one, also in code.
func (r *reading) row(line string) {
	if delimiters().MatchString(line) {
		return
	}
	var cells []string
	var cell strings.Builder
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line) && line[i+1] == '|':
			cell.WriteByte('|')
			i++
		case line[i] == '|':
			cells = append(cells, cell.String())
			cell.Reset()
		default:
			cell.WriteByte(line[i])
		}
	}
	if strings.TrimSpace(cell.String()) != "" {
		cells = append(cells, cell.String())
	}
	r.note(Row, fmt.Sprint(len(cells)-1))
	for _, c := range cells {
		r.inline(strings.TrimSpace(c))
	}
}
