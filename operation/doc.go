// Package operation starts pipelines in any project, and finds them again. All are described in one
// form, [plan.PipelineSpec].
//
// Its one invariant: the pipeline of an operation is started once. An operation is a name that
// every process computes in the same way. The pipeline carries it, and whoever starts one searches
// for that name first. There are two exceptions. In a project that shows the name nowhere, a second
// one may start after a lost answer; Named of a plan.GateRun says whether a pipeline shows it. And two
// processes that search in the same instant both find none and both start one.
//
// It does not decide what is started, what a result means or who may ask, and waits for nothing.
package operation
