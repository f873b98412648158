// Package sim is the machine that proves what docs/reliability.md states: it
// puts the real reconcile, store and clients over a simulated GitLab, index,
// clock and disk, lets people act and things go wrong, and judges what came of
// it. Its code stands in its tests; there is nothing to import.
//
// Its invariant: the judge believes GitLab's own state and event log and what
// the world itself did, never pinwheel's records. It renders no text, knows no
// plan and shares no rule with what it judges: windows, ages and ticks are
// told here in their own words. It does not play stories (internal/check/story) and
// starts no binary.
//
// Where to read first: world_test.go, the world and a process in it;
// wire_test.go, where a process touches it; judge_test.go, what must hold. Then
// the machines: crash_test.go, calls_test.go, seed_test.go, instances_test.go.
package sim
