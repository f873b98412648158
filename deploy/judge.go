package deploy

import (
	"fmt"
	"time"
)

// Relation says how a commit is related to another one of the same project.
type Relation string

// The relations. Apart means that neither has the other in its history, as after a default branch
// was rewritten, or that it is not known.
const (
	Same  Relation = "same"
	Newer Relation = "newer"
	Older Relation = "older"
	Apart Relation = "apart"
)

// Asked is what a job asks for.
type Asked struct {
	Project string
	SHA     string
	// MergeRequest says that the commit is of a merge request, Default that it is one of
	// the default branch.
	MergeRequest, Default bool
	// Person says that somebody started this very job: by hand, or again after it had
	// deployed its commit before, as GitLab's environment page does for a rollback.
	Person bool
}

// Seen is the state on GitLab that a judgement needs.
type Seen struct {
	Head string // of the production branch; empty if there is none
	// Line is the newest deployed commit of the default branch, empty if it is not known.
	Line string
	// Relation is that of the commit to Line.
	Relation Relation
	// Recorded says that the newest set has the commit, and the Line that would follow.
	Recorded bool
	Hold     Hold
	Held     bool
	Now      time.Time
}

// Do is what is done about a commit.
type Do string

// What can be done.
const (
	Deploy   Do = "deploy"   // move the branch
	Nothing  Do = "nothing"  // the branch is there already
	Overtake Do = "overtake" // a newer one was deployed: nothing is moved
	Wait     Do = "wait"     // a hold is in force
	Refuse   Do = "refuse"
)

// Verdict is what is done about a commit, and why.
type Verdict struct {
	Do   Do
	Kind Kind   // of a deployment
	Why  string // a clause; of a refusal a sentence that names the next step
}

// Judge decides what is done about a commit that a job asks to deploy. It is pure.
//
// Whether a commit is newer is judged by the newest deployment of the default branch. So a merge
// request's commit in production, which no later commit may have in its history, prevents nothing.
func Judge(a Asked, s Seen) Verdict {
	switch {
	case a.MergeRequest && !a.Person:
		return Verdict{Do: Refuse, Why: "a commit of a merge request is deployed by hand alone: let the job have when: manual in merge request pipelines, and start it"}
	case !a.MergeRequest && !a.Default:
		return Verdict{Do: Refuse, Why: fmt.Sprintf("%s is no commit of the default branch: run the job there, or in the pipeline of a merge request by hand", short(a.SHA))}
	}
	kind, overtaken := Forward, false
	switch {
	case a.MergeRequest:
		kind = MergeRequest
	case s.Relation == Older && a.Person:
		kind = Rollback
	case s.Relation == Older:
		overtaken = true
	}
	switch {
	case overtaken:
		return Verdict{Do: Overtake, Why: fmt.Sprintf("%s, which is newer, was deployed already", short(s.Line))}
	case a.SHA == s.Head && s.Recorded:
		return Verdict{Do: Nothing, Kind: kind, Why: "production is there already"}
	case s.Held && kind != Rollback:
		return Verdict{Do: Wait, Kind: kind, Why: s.Hold.Words()}
	}
	return Verdict{Do: Deploy, Kind: kind}
}

// Words describe a hold.
func (h Hold) Words() string {
	until := "until it is released"
	if h.Until != "" {
		until = "until the end of " + h.Until
	}
	by := ""
	if h.By != "" {
		by = " by " + h.By
	}
	return fmt.Sprintf("held %s%s, %s: %s", h.Since.UTC().Format(time.RFC3339), by, until, h.Reason)
}

// short is a commit as a person reads it.
func short(sha string) string {
	if sha == "" {
		return "no commit"
	}
	return sha[:min(len(sha), 12)]
}
