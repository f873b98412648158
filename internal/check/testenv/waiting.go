package testenv

import "flag"

// Waiting lets eight tests that may run beside each other do so, however few cores there are: for a
// package whose tests wait most of the time. Under the race detector they compute most of the time, and
// stay as they are. TestMain calls it.
func Waiting() {
	if Raced {
		return
	}
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
}
