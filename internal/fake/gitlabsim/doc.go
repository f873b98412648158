// Package gitlabsim is a GitLab with memory for tests, the demo and the
// benchmarks: users with tokens and roles, projects with files, commits and
// branches, merge requests with versions, issues and notes, spoken to over
// HTTP by the real client-go, and moved by people ([Project.Push],
// [Project.Tick], [Project.MergeMR], ...) who act between two requests.
//
// Its invariant: it never makes pinwheel's life easier than GitLab does.
// Where shared/facts/gitlab.md is unsure the worse of the two is taken and the
// comment says so. A route, a query parameter or a body key it does not know
// is answered with 599 and kept in [Server.Failures], so that a test can not
// pass on a call that nobody thought about. A run is deterministic: dates come
// from Options.Now, identifiers are counted or hashed, and no answer depends
// on the order of a map.
//
// It runs no pipelines: a script says how the jobs end ([Project.Script]), or tests
// do. Of git over HTTP it takes pushes that carry no objects (receivepack.go). It does
// not do merge trains, automatic merges or forks, knows one query of GraphQL
// (oauth.go), sends webhooks for what people and bots write and not for the ends of
// pipelines, and it does not render Markdown.
package gitlabsim
