// Package container tests what a container runs: the program as the Dockerfile
// builds it, in a root that holds nothing else and that it may not write to, as
// the user of the image. Its build is the same, byte for byte, from any folder.
//
// Its invariant: the Dockerfile is read for the flags of the build, the user and
// the folders, so that the test is about that file and not about a copy of it.
// It needs no container runtime, and does not test one.
package container
