package gitlabsim

import (
	"regexp"
	"sync"
)

// lazy compiles a pattern when it is first asked for. The simulator ships with
// the demo, and no other command of the program needs it.
func lazy(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
