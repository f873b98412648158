//go:build race

package testenv

// Raced says that the race detector runs.
const Raced = true
