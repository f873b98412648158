// Package renovate reads a Renovate configuration and says what pinwheel does of it: the policy of
// a project in pinwheel's own form, and one line for each key and rule. No key is skipped: each is
// kept, kept with a difference, has no effect for pins of Python packages, or is refused with the
// next step.
//
// It reads nothing by itself. The caller gives it presets that are elsewhere, or they are refused.
// It does not judge the policy and does not merge it with another one; package config does.
package renovate
