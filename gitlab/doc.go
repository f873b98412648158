// Package gitlab is the one door to GitLab: the connection with its guards and
// retries, the kinds of errors that callers branch on, pages of lists, notes that are
// written once, and users, roles, projects, files, commits, pipelines, statuses,
// merging, the package registry, and the push that moves a branch.
//
// Its invariant: only GitLab's own answers get through, the token goes to one
// origin, a write is sent once, and every error has a kind, names what was
// attempted, has the same text for the same cause, and holds no token.
//
// It knows nothing of updates. The rooms above (mrs, dashboard) know which branch,
// merge request or issue is meant, and what it holds. They make typed calls of their
// own through [Client.API], and hand the errors to [Fail] and [Settle]. No other
// package reads client-go's errors or sends a request.
package gitlab
