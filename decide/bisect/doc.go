// Package bisect takes a red batch of updates apart. It says which parts of it to test next, and in
// the end which are good and which are guilty.
//
// Its invariant: it has no memory. [Next] reads the problem and all pipelines so far, and the same
// history gives the same answer. So after a lost database, a crash between two steps, or with two
// processes no test runs twice, and any part of a history can be continued.
//
// Nobody is blamed by inference. A guilty element was red in two pipelines in a common job, in
// which only it and good elements were tested. It was red without anything beside it, or it is
// named with the elements without which it is green. And one pipeline was green with all good
// elements.
//
// It knows nothing of packages, branches and GitLab. An element is a name; the caller says whether
// some elements go together.
package bisect
