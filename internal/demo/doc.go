// Package demo plays one week of a GitLab project with pinwheel, over loopback
// HTTP, with nothing installed: internal/gitlabsim and internal/pypisim serve,
// the run and its store are the real ones, and people act by the script in
// week.go on CKI's constraints file of February 2024.
//
// Its invariant: the same program prints the same text, whatever the machine and
// the time. The clock is a value that the script sets.
//
// It reads no network and no configuration, and leaves nothing behind.
package demo
