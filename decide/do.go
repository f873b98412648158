package decide

// Do is what a run does with the branch and the merge request of an update. An update has exactly
// one. Its texts are brought up to date in any case.
type Do string

// What a run can do.
const (
	DoLeave     Do = ""           // nothing: it waits, or stays as it is
	DoOpen      Do = "open"       // a new merge request
	DoMove      Do = "move"       // an open one goes to Update.Moves
	DoRebuild   Do = "rebuild"    // an open one is made anew at the versions it holds
	DoClose     Do = "close"      // an open one closes, see draft.ends
	DoMerge     Do = "merge"      // an open one is merged as it was tested
	DoStartOver Do = "start over" // an edited one is made anew, without what people pushed
)

// rebuilds reports whether the branch of an open merge request is made anew.
func (do Do) rebuilds() bool { return do == DoMove || do == DoRebuild }
