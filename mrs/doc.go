// Package mrs is pinwheel's hand on branches and merge requests: it reads them and
// what proves a branch ours, writes their texts ([Render]) and carries out each
// [plan.Action] ([Client.Apply]).
//
// Its one invariant: an effect is safe to try again. Every effect re-reads its
// precondition in the request just before and never leaves the branch prefix. If an
// answer does not arrive, it looks whether the effect happened before it reports a
// failure. A person's commit that a rebuild replaced is kept as a branch of its own.
//
// It does not decide what should happen, also not what is merged (package decide
// does). It does not publish the dashboard issue (package dashboard does), does not
// know how GitLab is reached or what its errors mean (package gitlab does), and does
// not wait for pipelines.
package mrs
