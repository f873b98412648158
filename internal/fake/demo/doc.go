// Package demo shows pinwheel on a GitLab project over loopback HTTP, with
// nothing installed: internal/fake/gitlabsim and internal/fake/pypisim serve, the run and
// its store are the real ones, the pins are CKI's constraints file of February
// 2024. [Serve] is a page where people act by buttons; [Play] prints a week that
// goes by the script in week.go. [ServeGitLab] and [ServeSoftware] serve a GitLab, with git,
// on which commands of a reader's own shell act.
//
// Its invariant: the clock is a value that moves only by the script or a
// button, so the same acts make the same world, whatever the machine and the
// time. Only ServeGitLab and ServeSoftware have the machine's clock.
//
// It reads no network and no configuration, and leaves nothing behind but the folder that
// these two are given. The page
// has no scripts, loads nothing, and answers the loopback alone.
package demo
