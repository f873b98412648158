package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// This file has the nouns of a comparison with another bot, before a project is taken over
// from it.

// OtherPage is what another bot's dashboard records of what it would do. The zero value is
// no page.
type OtherPage struct {
	Number int64     // of the issue
	At     time.Time // when it was written last
	Offers []OtherOffer
	Pins   []OtherPin
}

// OtherOffer is one update as that page lists it.
type OtherOffer struct {
	Branch  string
	Heading string // as the page words it
	State   State  // ours that says the same; empty where none of ours does
	Title   string
	MR      int64    // 0 for none
	Names   []string // the packages that it lists behind the title of several
}

// OtherPin is a pin as that page lists it, with the versions that it found for it.
type OtherPin struct {
	File, Name, From string
	To               []string
}

// Side is what one of two bots does with a branch.
type Side struct {
	State string   `json:"state,omitempty"` // another bot's as its heading words it; empty if it is not offered
	MR    int64    `json:"merge_request,omitempty"`
	Steps []string `json:"steps,omitempty"` // "boto3 1.34.0 -> 1.35.0", sorted
	Does  []string `json:"does,omitempty"`  // kinds of actions of the next run
}

// Disagreement is a branch with which two bots would do something else. A side that is nil
// does nothing with it.
type Disagreement struct {
	Branch string `json:"branch"`
	Title  string `json:"title"`
	Other  *Side  `json:"renovate"`
	Ours   *Side  `json:"pinwheel"`
	Why    string `json:"why"` // in plain words
}

// Comparison is what two bots would do differently, by branch, and how many branches they
// treat alike.
type Comparison struct {
	Page          int64     `json:"dashboard,omitempty"` // what was compared with, 0 for merge requests and branches alone
	Written       time.Time `json:"written,omitzero"`    // when that was
	Alike         int       `json:"alike"`
	Disagreements []Disagreement
}

// Words are a disagreement in lines for a terminal.
func (d Disagreement) Words() []string {
	return []string{
		fmt.Sprintf("%s: %s", d.Branch, d.Title),
		"  Renovate  " + d.Other.words(),
		"  pinwheel  " + d.Ours.words(),
		"  because   " + d.Why,
	}
}

func (s *Side) words() string {
	switch {
	case s == nil:
		return "does not offer it"
	case s.State == "" && slices.Contains(s.Does, string(KindCloseMergeRequest)):
		return fmt.Sprintf("does not offer it, and closes !%d", s.MR)
	case s.State == "":
		return "does not offer it"
	}
	out := s.State
	if s.MR > 0 {
		out += fmt.Sprintf(" in !%d", s.MR)
	}
	if len(s.Steps) > 0 {
		out += ": " + strings.Join(s.Steps, ", ")
	}
	if slices.Contains(s.Does, string(KindCommitBranch)) && s.MR > 0 {
		out += "; the branch is made anew"
	}
	return out
}
