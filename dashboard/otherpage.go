package dashboard

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file reads what another bot's dashboard records of its updates.

var (
	// otherTitle is the text behind a box: a link to the merge request or the title alone, and
	// the packages behind the title of several.
	otherTitle = regexp.MustCompile("^(?:\\[(.*)\\]\\((?:!|\\.\\./pull/)(\\d{1,9})\\)|(.*?))((?: \\(`[^()]*`\\))?)$")
	coded      = regexp.MustCompile("`([^`]+)`")
	// otherFile opens the part of a file, or of a manager, whose files follow.
	otherFile = regexp.MustCompile(`^<details><summary>(.+?)(?: \(\d+\))?</summary>`)
	// otherPin is a line of such a part. The name may be followed by what is pinned.
	otherPin = regexp.MustCompile("^[ \t]*[-*] `([^` ]+)(?: ([^`]+))?`(?: → \\[Updates?: (.*)\\])?")
)

// ParseOther reads what a page of another bot's says of its updates and of the pins that it
// found. A line that it does not understand says nothing.
func ParseOther(body string) plan.OtherPage {
	var out plan.OtherPage
	boxes := map[int]Box{}
	for _, b := range Parse(body).Boxes {
		if b.Branch != "" {
			boxes[b.Line] = b
		}
	}
	var section, file string
	var state plan.State
	for n, line := range strings.Split(body, "\n") {
		line = strings.TrimRight(line, "\r")
		if m := headingLine.FindStringSubmatch(line); m != nil {
			section, state, file = m[1], otherState(line), ""
		}
		if m := otherFile.FindStringSubmatch(line); m != nil {
			file = m[1]
		}
		if b, ok := boxes[n]; ok {
			out.Offers = append(out.Offers, otherOffer(b, section, state))
		} else if m := otherPin.FindStringSubmatch(line); m != nil && file != "" {
			out.Pins = append(out.Pins, plan.OtherPin{File: file, Name: m[1], From: exact(m[2]), To: exacts(m[3])})
		}
	}
	return out
}

// otherState is the state of ours that a heading says.
func otherState(line string) plan.State {
	m := otherHeading.FindStringSubmatch(line)
	if m == nil {
		return ""
	}
	return otherSections[slices.IndexFunc(m[1:], func(s string) bool { return s != "" })].state
}

// otherOffer is the update that a box is for. Under a heading that nobody knows, and with a
// heading of the team's own above, the type of the box tells the state.
func otherOffer(b Box, heading string, state plan.State) plan.OtherOffer {
	out := plan.OtherOffer{Branch: b.Branch, Heading: heading, State: state, Title: b.Text}
	if m := otherTitle.FindStringSubmatch(b.Text); m != nil {
		out.Title = strings.TrimSpace(cmp.Or(m[1], m[3]))
		out.MR, _ = strconv.ParseInt(m[2], 10, 64) // at most nine digits, or none
		for _, name := range coded.FindAllStringSubmatch(m[4], -1) {
			out.Names = append(out.Names, name[1])
		}
	}
	return out
}

// exact is the version of a pin, without what makes it exact.
func exact(spec string) string { return strings.TrimSpace(strings.TrimLeft(spec, "=")) }

// exacts are the versions of a list such as "`==1.3.0`, `==2.0.0`".
func exacts(list string) (out []string) {
	for _, m := range coded.FindAllStringSubmatch(list, -1) {
		out = append(out, exact(m[1]))
	}
	return out
}
