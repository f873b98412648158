// Package kill runs the real program as a process against the simulated GitLab
// and index over loopback HTTP, and ends it by SIGKILL or by a disk that takes
// no more, between the first and the last write of a run.
//
// Its invariant: after two more runs the world is that of a twin nobody
// disturbed, and the run after them writes nothing. It does not look inside the
// program: package sim does, at every single effect.
package kill
