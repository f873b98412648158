package plan

import (
	"fmt"
	"time"
)

// This file has the reasons that come of answers in words, with their words.

type (
	// HeldByPerson: somebody asked not to take the release, in a comment.
	HeldByPerson struct {
		By       string    `json:"by"`
		On       int64     `json:"merge_request"` // on which it stands
		At       time.Time `json:"at"`            // when it was written
		Until    time.Time `json:"until,omitzero"`
		Versions string    `json:"versions,omitempty"` // what was said never to take
		Says     string    `json:"says"`
	}
	// AskedToClose: somebody asked in a comment to close the merge request.
	AskedToClose struct {
		By   string `json:"by"`
		Says string `json:"says"`
	}
	// AnswerUnclear: an answer in words cannot be read.
	AnswerUnclear struct {
		Says string `json:"says"` // a clause
	}
	// AnswerToPeople: people's commits are on the branch, or it goes elsewhere.
	AnswerToPeople struct{}
	// AnswerNotOf: the merge request does not move the package.
	AnswerNotOf struct {
		Package string `json:"package"`
	}
	// AnswerNamesNone: which package is meant is not known.
	AnswerNamesNone struct{}
	// AnswerTooLate: there is nothing left to close.
	AnswerTooLate struct{}
	// NothingHeld: nobody holds it back any more.
	NothingHeld struct{}
)

func (HeldByPerson) Kind() ReasonKind    { return "held-by-person" }
func (AskedToClose) Kind() ReasonKind    { return "asked-to-close" }
func (AnswerUnclear) Kind() ReasonKind   { return "answer-unclear" }
func (AnswerToPeople) Kind() ReasonKind  { return "answer-to-people" }
func (AnswerNotOf) Kind() ReasonKind     { return "answer-not-of" }
func (AnswerNamesNone) Kind() ReasonKind { return "answer-names-none" }
func (AnswerTooLate) Kind() ReasonKind   { return "answer-too-late" }
func (NothingHeld) Kind() ReasonKind     { return "nothing-held" }

func (r HeldByPerson) words(v voice) string { return "is " + r.held(v) }
func (r HeldByPerson) after(v voice) string { return r.words(v) }

// held is the reason without its verb.
func (r HeldByPerson) held(v voice) string {
	how := "held back"
	switch {
	case !r.Until.IsZero():
		how += " until " + Minute(r.Until)
	case r.Versions != "":
		how = "never taken (" + r.Versions + ")"
	}
	return fmt.Sprintf("%s, as %s said in %s: \"%s\"", how, v.safe(r.By), v.mr(r.On), r.Says)
}

func (r AskedToClose) words(v voice) string {
	return fmt.Sprintf("%s asked for it: \"%s\"", v.safe(r.By), r.Says)
}
func (r AnswerUnclear) words(voice) string { return r.Says }
func (AnswerToPeople) words(voice) string {
	return "its branch is in people's hands, so only people close it"
}
func (r AnswerNotOf) words(voice) string {
	return "this merge request does not move " + r.Package
}
func (AnswerNamesNone) words(v voice) string {
	return "it is not clear which package is meant: write its name, as in " + v.code("never boto3>=5: REASON")
}
func (AnswerTooLate) words(voice) string { return "this merge request is not open any more" }
func (NothingHeld) words(voice) string   { return "nobody holds that back any more" }
