package constraints

import (
	"bytes"

	"go.yaml.in/yaml/v4"
)

// The parser says where a node begins, but not where it ends. The functions here find the end by
// the node's style. They need not be right for every document, since yamlFile.verify compares the
// result with the file before.

// end returns the offset after the last byte of a node. indent is that of the collection with the
// node; flow says whether that is in flow style.
func (y *yamlFile) end(n *yaml.Node, indent int, flow bool) int {
	start := y.properties(y.offset(n))
	switch {
	case n.Kind == yaml.AliasNode:
		return start + tokenLength(y.data[start:])
	case n.Kind == yaml.ScalarNode:
		return y.scalarEnd(n, start, indent, flow)
	case n.Style&yaml.FlowStyle != 0 || len(n.Content) == 0:
		return y.flowEnd(start)
	}
	last := n.Content[len(n.Content)-1]
	inner := n.Content[0].Column - 1
	if n.Kind == yaml.SequenceNode {
		// The item begins at least two columns after its dash.
		inner = max(indent, inner-2)
	} else if isNull(last) {
		return y.colon(n.Content[len(n.Content)-2]) + 1
	}
	return y.end(last, inner, false)
}

// colon returns the offset of the colon of a key, or the end of the key if it has none.
func (y *yamlFile) colon(key *yaml.Node) int {
	start := y.properties(y.offset(key))
	end := start + len(key.Value) // a plain key is one line, as it reads
	if key.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		end = quotedEnd(y.data, start)
	}
	end = min(end, len(y.data))
	rest := bytes.TrimLeft(y.data[end:], " \t")
	if bytes.HasPrefix(rest, []byte(":")) {
		return len(y.data) - len(rest)
	}
	return end
}

// isNull reports whether a node is a value that is not written.
func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == "" &&
		n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

// properties skips an anchor and a tag, and the space and comments up to the
// value itself.
func (y *yamlFile) properties(i int) int {
	for i < len(y.data) && (y.data[i] == '&' || y.data[i] == '!') {
		i += tokenLength(y.data[i:])
		for i < len(y.data) {
			switch c := y.data[i]; {
			case isBlank(c):
				i++
				continue
			case c == '#':
				i = y.lineEnd(i)
				continue
			}
			break
		}
	}
	return i
}

// tokenLength returns the length of an anchor, alias or tag.
func tokenLength(b []byte) int {
	if i := bytes.IndexAny(b, " \t\r\n,[]{}"); i >= 0 {
		return i
	}
	return len(b)
}

// lineEnd returns the offset of the line end after offset i, or that of the end of the file.
func (y *yamlFile) lineEnd(i int) int {
	for i < len(y.data) && newlineAt(y.data[i:]) == 0 {
		i++
	}
	return i
}

// nextLine returns the offset of the line after that of offset i.
func (y *yamlFile) nextLine(i int) int {
	i = y.lineEnd(i)
	return i + newlineAt(y.data[i:])
}

func (y *yamlFile) scalarEnd(n *yaml.Node, start, indent int, flow bool) int {
	switch {
	case isNull(n):
		return start
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return quotedEnd(y.data, start)
	case n.Style&yaml.SingleQuotedStyle != 0:
		return quotedEnd(y.data, start)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return y.blockEnd(start, indent, true)
	case flow:
		return y.flowPlainEnd(start)
	}
	return y.plainEnd(start, indent)
}

// quotedEnd returns the offset after the quote that closes the one at start. It reads a doubled
// single quote as two texts, which end at the same place.
func quotedEnd(data []byte, start int) int {
	mark := data[start]
	for i := start + 1; i < len(data); i++ {
		switch {
		case data[i] == '\\' && mark == '"':
			i++
		case data[i] == mark && mark == '\'' && i+1 < len(data) && data[i+1] == mark:
			i++
		case data[i] == mark:
			return i + 1
		}
	}
	return len(data)
}

// flowEnd returns the offset after the bracket that closes the one at start.
func (y *yamlFile) flowEnd(start int) int {
	depth := 0
	for i := start; i < len(y.data); i++ {
		switch c := y.data[i]; c {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '\'':
			if bytes.IndexByte([]byte(" \t\r\n,[{:"), y.data[i-1]) >= 0 {
				i = quotedEnd(y.data, i) - 1
			}
		case '#':
			if isBlank(y.data[i-1]) {
				i = y.lineEnd(i)
			}
		}
	}
	return len(y.data)
}

// flowPlainEnd returns the end of a plain scalar within brackets.
func (y *yamlFile) flowPlainEnd(start int) int {
	i := start
	for ; i < len(y.data); i++ {
		c := y.data[i]
		if bytes.IndexByte([]byte(",[]{}"), c) >= 0 || (c == '#' && isBlank(y.data[i-1])) ||
			(c == ':' && i+1 < len(y.data) && bytes.IndexByte([]byte(" \t\r\n,[]{}"), y.data[i+1]) >= 0) {
			break
		}
	}
	return start + len(bytes.TrimRight(y.data[start:i], " \t\r\n"))
}

// plainEnd returns the end of a plain scalar outside brackets. It continues on lines that are
// indented further and are no comment.
func (y *yamlFile) plainEnd(start, indent int) int {
	end := start
	for i := start; i < len(y.data); i = y.nextLine(i) {
		line := y.data[i:y.lineEnd(i)]
		text := bytes.TrimLeft(line, " \t")
		if i != start && len(text) > 0 && (spaces(line) <= indent || text[0] == '#') {
			break
		}
		comment := bytes.Index(line, []byte(" #"))
		if tab := bytes.Index(line, []byte("\t#")); tab >= 0 && (comment < 0 || tab < comment) {
			comment = tab
		}
		if comment >= 0 {
			return i + len(bytes.TrimRight(line[:comment], " \t"))
		}
		if len(text) > 0 {
			end = i + len(bytes.TrimRight(line, " \t"))
		}
	}
	return end
}

// blockEnd returns the end of a literal or folded scalar, which is that of its last line that is
// not blank. With blanks it is that of the blank lines after it, if the scalar keeps these.
func (y *yamlFile) blockEnd(start, indent int, blanks bool) int {
	header := string(y.data[start:y.lineEnd(start)])
	keep, content := false, 0
indicators:
	for _, c := range header[1:] {
		switch {
		case c == '+':
			keep = blanks
		case c >= '1' && c <= '9':
			content = indent + int(c-'0')
		case c != '-':
			break indicators
		}
	}
	end := y.lineEnd(start)
	for i := y.nextLine(start); i < len(y.data); i = y.nextLine(i) {
		line := y.data[i:y.lineEnd(i)]
		n := spaces(line)
		blank := n == len(line)
		switch {
		case content == 0 && !blank:
			if content = n; n <= indent {
				return end
			}
		case !blank && n < content:
			return end
		}
		if keep || !blank || (content > 0 && n > content) {
			end = y.lineEnd(i)
		}
	}
	return end
}

// spaces returns the number of blanks that a line begins with.
func spaces(line []byte) int { return len(line) - len(bytes.TrimLeft(line, " ")) }
