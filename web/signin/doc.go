// Package signin lets people into the status page who sign in with GitLab, and tells the page
// which projects each of them may read.
//
// Its invariant: what GitLab does not show somebody, the page does not show either, and where
// GitLab cannot be asked, nothing is shown. Tokens and sessions stay in the memory of the
// process. It writes nothing, and asks GitLab with the token of the reader alone.
package signin
