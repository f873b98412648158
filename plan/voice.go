package plan

import (
	"fmt"
	"strings"
	"time"
)

// This file puts reasons into words, once for all readers: a reader's voice says
// how a name from the configuration or from GitLab is set apart. Markdown is for
// the dashboard and merge requests, Plainly for a terminal, and JSON takes the
// data themselves.

// voice is how a reader sets apart what is code, and what is a reference to a merge
// request of ours.
type voice struct {
	quote func(string) string
	mark  string // around a reference
}

var (
	markdown = voice{quote: func(s string) string { return "`" + s + "`" }}
	linking  = voice{quote: markdown.quote, mark: string(ReferenceMark)}
	plainly  = voice{quote: func(s string) string { return s }}
)

// ReferenceMark stands before and behind each reference in the words of [Linked]. It
// shows as nothing.
const ReferenceMark = '\x01'

// mr refers to a merge request of the project, by a number of our own data.
func (v voice) mr(iid int64) string { return fmt.Sprintf("%s!%d%s", v.mark, iid, v.mark) }

// code sets apart what is written as it is in a file.
func (v voice) code(s string) string { return v.quote(s) }

// safe is code of what a stranger named.
func (v voice) safe(s string) string { return v.quote(strings.ReplaceAll(s, "`", "'")) }

// rules names the rules that a window comes from, for the end of a clause.
func (v voice) rules(at []string) string {
	if len(at) == 0 {
		return ""
	}
	quoted := make([]string, len(at))
	for i, a := range at {
		quoted[i] = v.code(a)
	}
	return " (" + strings.Join(quoted, ", ") + ")"
}

// person is a username, or somebody whose name is not known.
func (v voice) person(name, nobody string) string {
	if name == "" {
		return nobody
	}
	return v.code(name)
}

// Markdown is a reason as the dashboard has it, without its end; empty for none.
func Markdown(r Reason) string { return spoken(r, markdown) }

// Linked is [Markdown] with [ReferenceMark] around each reference to a merge request
// that the reason itself names, and nowhere else: if what a stranger says has the
// mark, there is none at all.
func Linked(r Reason) string {
	if r == nil {
		return ""
	}
	return linkedWords(func(v voice) string { return r.words(v) })
}

// linkedWords words something with marks, unless it has some without.
func linkedWords(words func(voice) string) string {
	linked := words(linking)
	if !strings.ContainsRune(linked, ReferenceMark) {
		return linked
	}
	if plain := words(markdown); strings.ContainsRune(plain, ReferenceMark) {
		return strings.ReplaceAll(plain, string(ReferenceMark), "")
	}
	return linked
}

// Plainly is a reason as a terminal has it, without its end; empty for none.
func Plainly(r Reason) string { return spoken(r, plainly) }

func spoken(r Reason, v voice) string {
	if r == nil {
		return ""
	}
	return r.words(v)
}

// Markdown are sentences as the dashboard has them, each with its end; empty for
// none.
func (rs Reasons) Markdown() string { return ended(rs.spoken(markdown)) }

// Plainly are sentences as a terminal has them, each with its end; empty for none.
func (rs Reasons) Plainly() string { return ended(rs.spoken(plainly)) }

// Clause is [Reasons.Markdown] without the end of the last sentence.
func (rs Reasons) Clause() string { return rs.spoken(markdown) }

// PlainClause is [Reasons.Plainly] without the end of the last sentence.
func (rs Reasons) PlainClause() string { return rs.spoken(plainly) }

// Sentences are [Linked] one by one, each without its end.
func (rs Reasons) Sentences() []string {
	var out []string
	for _, r := range rs {
		s, ok := r.(several)
		if !ok {
			out = append(out, Linked(r))
			continue
		}
		for i := range s.sentences(markdown) {
			out = append(out, linkedWords(func(v voice) string { return s.sentences(v)[i] }))
		}
	}
	return out
}

func (rs Reasons) spoken(v voice) string {
	parts := make([]string, len(rs))
	for i, r := range rs {
		parts[i] = r.words(v)
	}
	return joined(parts)
}

// AfterColon are sentences as a terminal has them that follow a colon, without the
// end of the last.
func (rs Reasons) AfterColon() string {
	if len(rs) == 0 {
		return ""
	}
	first := rs[0].words(plainly)
	if line, waits := rs[0].(InLine); waits {
		first = line.place(plainly)
	} else if next, ok := rs[0].(Next); ok {
		first = next.then(plainly)
	}
	return joined(append([]string{first}, rs[1:].words()...))
}

func (rs Reasons) words() []string {
	var out []string
	for _, r := range rs {
		out = append(out, r.words(plainly))
	}
	return out
}

// several is a reason of more than one sentence.
type several interface {
	// sentences are its words, each sentence without its end.
	sentences(voice) []string
}

// again ends a reason that the next run may end.
const again = "Tried again every run"

// joined are sentences as one text, without the end of the last.
func joined(sentences []string) string { return strings.Join(sentences, ". ") }

func ended(sentences string) string {
	if sentences == "" {
		return ""
	}
	return sentences + "."
}

// Line says, after "in line", what an update with a number waits for; empty if it
// has none.
func (rs Reasons) Line() string {
	if len(rs) == 0 {
		return ""
	}
	if r, ok := rs[0].(InLine); ok {
		return r.line(markdown)
	}
	return ""
}

// Minute is how every text names an instant in a sentence: with the zone by the name
// that the configuration gives it.
func Minute(t time.Time) string { return t.Format("2006-01-02 15:04 ") + t.Location().String() }

// day is how every text names a day, and opening how it names the begin of a window.
func day(t time.Time) string     { return t.Format("2006-01-02") }
func opening(t time.Time) string { return t.Format("Mon 2 Jan 15:04") }

// quoted is what a stranger says of something, in brackets; empty for nothing.
func quoted(says string) string {
	if says == "" {
		return ""
	}
	return ` ("` + says + `")`
}

// Sentence makes a sentence of a clause.
func Sentence(clause string) string { return capital(clause) + "." }

// capital begins a sentence with a clause.
func capital(clause string) string {
	if clause == "" {
		return ""
	}
	return strings.ToUpper(clause[:1]) + clause[1:]
}
