// Package hostile holds texts that strangers might write to make pinwheel's
// user on GitLab do something, and the tests that put each of them into every
// field that third parties control and look at what was done.
//
// Its invariant: whatever stands in such a field, what pinwheel sends has no
// effect beyond its words but the ones it means, by the reading of
// gitlabsim.EffectsOf; and no secret is in anything that leaves a run.
//
// The red team goes from texts to worlds: a hostile index (redteamindex_test.go),
// hostile people (redteampeople_test.go) and a hostile repository
// (redteamrepository_test.go), all from one seed, besiege a project that the real
// program looks after, and a judge (redteamjudge_test.go) says what must never be.
//
// It does not judge whether a text is true, and it knows GitLab only as far as
// gitlabsim does.
package hostile
