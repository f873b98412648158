package mrs

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// The region of a description that is ours is between two lines. The first one carries
// what a run needs after the database was lost.
const (
	beginMark = "<!-- pinwheel:mr v=1 "
	endMark   = "<!-- pinwheel:mr end -->"
	closeMark = "<!-- pinwheel:mr closed=us "
)

// marker writes the first line. Empty values are left out.
func marker(project int64, branch string, n plan.MergeRequestNote) string {
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(beginMark, " "))
	put := func(key, value string) {
		if value != "" {
			b.WriteString(" " + key + "=" + value)
		}
	}
	put("project", strconv.FormatInt(project, 10))
	put("branch", escape(branch))
	put("digest", escape(n.Digest))
	put("why", escape(string(n.Why)))
	put("by", escape(n.By))
	if !n.At.IsZero() {
		put("at", n.At.UTC().Format(time.RFC3339))
	}
	put("request", escape(n.Request))
	put("target", escape(n.Target))
	put("ready", escape(n.Ready))
	put("moves", movesValue(n.Moves))
	b.WriteString(" -->")
	return b.String()
}

// movesValue is key:from:to of each move, once.
func movesValue(moves []plan.Move) string {
	var parts []string
	seen := map[string]bool{}
	for _, m := range moves {
		part := escape(m.Key) + ":" + escape(m.From) + ":" + escape(m.To)
		if !seen[part] {
			seen[part] = true
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ",")
}

// escape percent-encodes all but letters, digits, "." "_" "/" and single
// inner "-", so that a value ends no comment, starts no line and is no
// reference, mention or closing word.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '/' ||
			c == '-' && i > 0 && i < len(s)-1 && s[i-1] != '-'
		if plain {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

// unescape is the inverse of escape; a broken escape stands for itself.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(v))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// span finds our region: from the start of the first marker to the end of the
// first end mark after it. Without both there is none.
func span(description string) (from, to int, ok bool) {
	from = strings.Index(description, beginMark)
	if from < 0 {
		return 0, 0, false
	}
	end := strings.Index(description[from:], endMark)
	if end < 0 {
		return 0, 0, false
	}
	return from, from + end + len(endMark), true
}

var (
	// A box as loosely as Renovate reads it: any bullet, any case of x.
	rebaseBox = regexp.MustCompile(`(?m)^([ \t]*[-*+][ \t]*\[)[ \t]*[xX][ \t]*(\][ \t]*<!--[ \t]*rebase-check[ \t]*-->)`)
	// What Renovate leaves in every description it writes.
	renovateMade = regexp.MustCompile(`<!--[ \t]*renovate-debug:`)
	closedField  = regexp.MustCompile(`closed=us op=\S* `)
	closedFor    = regexp.MustCompile(regexp.QuoteMeta(closeMark) + `op=(\S+) -->`)
	closedLine   = regexp.MustCompile(`(?:(?:\r?\n)*` + regexp.QuoteMeta(closeMark) + `[^\n]*?-->\r?)+$`)
)

// ParseBody reads what the marker of a description says. It accepts any text: without
// our two marks nothing is Present, and the text counts as one of a person or of
// Renovate. Its rebase box is read all the same.
func ParseBody(description string) plan.MergeRequestNote {
	from, to, ok := span(description)
	if !ok {
		n := plan.MergeRequestNote{
			BodyForeign: true,
			RebaseBox:   rebaseBox.MatchString(description),
			ClosedByUs:  strings.Contains(description, closeMark),
			Other:       isOther(description),
		}
		if n.Other {
			n.Listed = listedBy(description)
		}
		if m := closedFor.FindStringSubmatch(description); m != nil {
			n.ClosedFor = unescape(m[1])
		}
		return n
	}
	region := description[from:to]
	n := plan.MergeRequestNote{Present: true, RebaseBox: rebaseBox.MatchString(region)}
	line, _, _ := strings.Cut(region[len(beginMark):], "-->")
	for field := range strings.FieldsSeq(line) {
		key, value, _ := strings.Cut(field, "=")
		n = set(n, key, value)
	}
	return n
}

func set(n plan.MergeRequestNote, key, value string) plan.MergeRequestNote {
	switch key {
	case "digest":
		n.Digest = unescape(value)
	case "why":
		n.Why = plan.Cause(unescape(value))
	case "by":
		n.By = unescape(value)
	case "at":
		if at, err := time.Parse(time.RFC3339, unescape(value)); err == nil {
			n.At = at.UTC()
		}
	case "request":
		n.Request = unescape(value)
	case "target":
		n.Target = unescape(value)
	case "ready":
		n.Ready = unescape(value)
	case "closed":
		n.ClosedByUs = value == "us"
	case "op":
		n.ClosedFor = unescape(value)
	case "moves":
		n.Moves = nil
		for part := range strings.SplitSeq(value, ",") {
			if f := strings.Split(part, ":"); len(f) == 3 {
				n.Moves = append(n.Moves, plan.Move{Key: unescape(f[0]), From: unescape(f[1]), To: unescape(f[2])})
			}
		}
	}
	return n
}

// Replace replaces our region of a description by region, which [Body] made. Text
// outside the two marks stays byte for byte. A description that is empty is replaced, and of
// one that another bot wrote what people wrote into it stays below the region. If a
// person took the marks away, it only unticks a ticked rebase box and removes our hidden
// closing line. Release notes that could not be read for region stay as they are in the
// description.
func Replace(description, region string) string {
	if from, to, ok := span(description); ok {
		region = keepNotes(description[from:to], region)
		return description[:from] + region + description[to:]
	}
	description = closedLine.ReplaceAllString(description, "")
	if strings.TrimSpace(description) == "" {
		return region
	}
	if isOther(description) {
		return strings.TrimSuffix(region+"\n\n"+peoples(description), "\n\n")
	}
	return rebaseBox.ReplaceAllString(description, "${1} ${2}")
}

// markClosed says in a description that pinwheel closed the merge request, in
// our marker or, where a person took it away, in a hidden last line.
func markClosed(description, op string) string {
	from, _, ok := span(description)
	if !ok {
		if strings.Contains(description, closeMark) {
			return description
		}
		return description + "\n\n" + closeMark + "op=" + escape(op) + " -->"
	}
	end := from + strings.Index(description[from:], "-->")
	line := description[from:end]
	if closed := closedField.FindStringIndex(line); closed != nil { // it was opened again since
		return description[:from+closed[0]] + "closed=us op=" + escape(op) + " " + description[from+closed[1]:]
	}
	return description[:end] + "closed=us op=" + escape(op) + " " + description[end:]
}
