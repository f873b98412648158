package testenv

import (
	"os"
	"runtime/debug"
)

// Roomy lets the collector of garbage wait until four times as much is there as was left the last
// time: a fifth less processor time, for some dozens of MiB. It is for packages whose tests compute for
// seconds and bound no memory. TestMain calls it; GOGC, where it is set, counts for more.
func Roomy() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
