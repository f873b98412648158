package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// Located parts where something is written, "pinwheel.yaml:31".
func Located(at string) (file string, line int) {
	i := strings.LastIndexByte(at, ':')
	if i < 0 {
		return at, 0
	}
	line, _ = strconv.Atoi(at[i+1:])
	return at[:i], line
}

// Source is where a key of a policy was set.
type Source struct {
	File string // "" for the built-in default
	Line int
}

func (s Source) String() string {
	if s.File == "" {
		return "built in"
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}

// Setting is one key that decides about a pin, for people.
type Setting struct {
	Key, Value string
	Source     string // file and line, or "built in"
}
