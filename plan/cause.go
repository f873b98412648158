package plan

// Cause says in a word why a branch was made or moved. Trailers, markers and audits
// hold it, so that no word is ever renamed. What is read there may be any word: a
// person can write a marker.
type Cause string

// The causes.
const (
	CauseWindow  Cause = "window"          // a window was open
	CauseCatchUp Cause = "catch-up"        // one that was missed is made up for
	CauseForced  Cause = "forced"          // a person asked for it
	CauseRepair  Cause = "repair"          // the files disagreed, or the branch conflicted
	CauseClash   Cause = "clash"           // what it held did not fit any more
	CauseChange  Cause = "a state changed" // the dashboard is another
)
