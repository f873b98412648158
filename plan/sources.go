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

// Layer is one of the places that together say what holds for a project.
type Layer string

// The layers, from the one whose word counts most. The zero value is what is built in.
// LayerConfiguration has what is the same for all projects, such as the indexes.
const (
	LayerCommandLine   Layer = "command line"
	LayerEnforce       Layer = "enforce"
	LayerRepository    Layer = "repository" // a project's own file
	LayerProject       Layer = "project"    // its entry in the configuration
	LayerDefaults      Layer = "defaults"
	LayerConfiguration Layer = "configuration"
	LayerBuiltIn       Layer = ""
)

// Source is where a key of a policy was set. The zero value is what is built in.
type Source struct {
	File  string // "" for what stands in no file
	Line  int
	Layer Layer
}

func (s Source) String() string {
	switch {
	case s.Layer == LayerCommandLine:
		return string(s.Layer)
	case s.File == "":
		return "built in"
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}

// Set is a setting with that source.
func (s Source) Set(key, value string) Setting {
	layer := s.Layer
	if layer == LayerBuiltIn {
		layer = "built-in"
	}
	return Setting{Key: key, Value: value, Source: s.String(), Layer: layer}
}

// Place is a setting's source and layer for people.
func (s Setting) Place() string {
	if words := strings.ReplaceAll(string(s.Layer), "-", " "); words != s.Source {
		return s.Source + ", " + words
	}
	return s.Source
}

// Setting is one key that decides about a pin, for people.
type Setting struct {
	Key, Value string
	Source     string // file and line, or "built in"
	Layer      Layer  // in words, "built-in" where it is
}
