// Package bot judges what comments on merge requests of a package ask for: it reads
// commands, says which pipelines start, with which commits in place of packages, and
// renders the one comment that tells what became of them.
//
// Its one invariant: no pipeline starts that nobody who may asked for, and none starts
// twice. What starts comes from a comment as it stands on GitLab, its author's role and
// the configuration, anew in each look; the bot's own comment says only what was done.
//
// It is pure: it reads and writes nothing, and knows no clock. Package bot/round reads
// GitLab, asks [Decide] and carries out what it says. It knows nothing of updates and
// of the dashboard, and judges no result: it compares jobs, and people judge.
package bot
