package dashboard

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// sentences joins clauses to safe prose, each ending in a full stop.
func sentences(clauses ...string) string {
	var parts []string
	for _, clause := range clauses {
		parts = append(parts, stopped(text.Prose(clause, maxReason)))
	}
	return joined(parts...)
}

// linked is sentences for the words of reasons, in which our own merge requests are
// links, see [plan.Linked].
func linked(clauses ...string) string {
	var parts []string
	for _, clause := range clauses {
		parts = append(parts, stopped(text.Linked(clause, maxReason, plan.ReferenceMark)))
	}
	return joined(parts...)
}

// joined are sentences as one text, without those that are empty.
func joined(sentences ...string) string {
	return strings.Join(slices.DeleteFunc(sentences, func(s string) bool { return s == "" }), " ")
}

// stopped is a sentence with its end.
func stopped(sentence string) string {
	switch {
	case sentence == "", ended(sentence):
		return sentence
	case strings.Trim(sentence, "0123456789") == "":
		return sentence + "\\." // a number and a full stop would begin a list
	}
	return sentence + "."
}

func ended(s string) bool {
	for _, end := range []string{".", "!", "?", "…", ".)"} {
		if strings.HasSuffix(s, end) {
			return true
		}
	}
	return false
}

func place(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
