// Package renovate reads a Renovate configuration and says what of it pinwheel
// does: the policy of a project in pinwheel's own form, and one line for each key
// and rule. No key is passed over: each is kept, kept with a difference, without
// effect for pins of Python packages, or refused with what to do.
//
// It asks nobody. Presets that stand elsewhere come from its caller, or are
// refused. It does not judge what the policy is worth, and does not lay it over
// another one: that is for the configuration.
package renovate
