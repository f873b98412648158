// Package mrs is pinwheel's hand on branches and merge requests: it reads them and
// what proves a branch ours, writes their texts ([Render]) and carries out each
// [plan.Action] ([Client.Apply]).
//
// Its one invariant: an effect is safe to try again. Every effect re-reads its
// precondition in the request just before, never leaves the branch prefix, and
// after an answer that did not arrive it looks whether the effect happened
// before it says anything. A person's commit that a rebuild replaced is kept
// as a branch of its own.
//
// It does not decide what should happen, does not publish the dashboard issue
// (package dashboard does), does not know how GitLab is reached or what its errors
// mean (package gitlab does), does not wait for pipelines and never merges.
package mrs
