// Package operation starts pipelines in any project that are described in the one
// form of a configuration ([plan.PipelineSpec]), and finds them again.
//
// Its one invariant: a pipeline of an operation is started once. The operation is a
// name that every process computes alike. It travels with the pipeline, and whoever
// starts one looks for that name first. A project that shows the name nowhere may
// see a second start after a lost answer; [Run.Named] tells.
//
// It does not decide what is started, what its result means or who may ask for it,
// and waits for nothing.
package operation
