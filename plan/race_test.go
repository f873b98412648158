//go:build race

package plan

// raceDetector is true where every look at memory is watched, which makes a
// test of many millions of steps ten times as slow.
const raceDetector = true
