// Package gitlab is the one door to GitLab: the connection with its guards and
// retries, the kinds of errors that callers branch on, pages of lists, notes that
// stand once, and users, roles, projects, files, commits, pipelines, statuses and merging.
//
// Its invariant: nothing that is not GitLab's own answer gets through, the token
// goes to one origin, a write is sent once, and every error is of a kind, says
// what was attempted in words that do not change by themselves, and holds no
// token.
//
// It knows nothing of updates: which branch, merge request or issue is meant, and
// what stands in it, is for the rooms above (mrs, dashboard). They make typed calls
// of their own through [Client.API], and hand what comes of them to [Fail] and
// [Settle]; no other package reads client-go's errors or sends a request.
package gitlab
