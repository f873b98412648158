//go:build !race

package testenv

// raced says that the race detector runs.
const raced = false
