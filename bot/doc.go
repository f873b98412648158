// Package bot judges what comments on merge requests of a package ask for: it reads commands,
// decides which pipelines start and with which commits in place of packages, and renders the one
// comment that says what became of them.
//
// Its one invariant: a pipeline starts only if somebody who may asked for it, and it starts only
// once. What starts depends on the comment as it is on GitLab, its author's role and the
// configuration, which are read anew in each round. The bot's own comment only says what was done.
//
// It is pure: it reads and writes nothing, and knows no clock. Package bot/round reads GitLab, asks
// [Decide] and carries out the plan. Package bot knows nothing of updates and of the dashboard. It
// compares jobs; people judge the results.
package bot
