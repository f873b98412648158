package plan

// Cause says in a word why a branch was made or moved. Trailers, markers and audits hold it,
// so no word is ever renamed. A marker may hold any other word, since a person can write
// one.
type Cause string

// The causes.
const (
	CauseWindow  Cause = "window"          // a window was open
	CauseCatchUp Cause = "catch-up"        // a window was missed, and this run makes up for it
	CauseForced  Cause = "forced"          // a person asked for it
	CauseRepair  Cause = "repair"          // the files disagreed, or the branch conflicted
	CauseClash   Cause = "clash"           // what it held did not fit any more
	CauseAdopted Cause = "adopted"         // another bot opened it, and it was taken over
	CauseChange  Cause = "a state changed" // the dashboard is another
)
