// Package bisect takes a batch of updates apart that is red: it says which of its
// parts to test next, and in the end which of them are good and which are guilty.
//
// Its invariant: it has no memory of its own. [Next] reads the problem and all
// pipelines there were, and the same history gives the same answer. So a lost
// database, a crash between two steps or two processes run no test twice, and any
// part of a history is one that can be gone on with.
//
// Nobody is blamed by inference. A guilty element was red in two pipelines of
// their own, in a job in common, where nothing but it stood on elements that are
// good; it was red where nothing stood beside it, or it is told with the others
// without which it is green; and all that is good was green in one pipeline.
//
// It knows nothing of packages, branches and GitLab: an element is a name, and
// whether some of them go together is for the caller to say.
package bisect
