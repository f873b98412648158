package constraints

import (
	"errors"
	"path"
	"strings"
)

// Use is what pip uses a file for. The zero value means that it is not known.
type Use string

const (
	// UseConstraints is a file for "pip install -c".
	UseConstraints Use = "constraints"
	// UseRequirements is a file for "pip install -r", which may hold what a
	// constraints file may not: extras, editable projects, URLs and paths without a
	// name.
	UseRequirements Use = "requirements"
)

// Read reads a file for a use. Without one it reads it as a constraints file if pip would accept
// that, and else as a requirements file if it has lines that only such a file may have. It never
// reads a file with "constraints" in its name as requirements unless use says so, since pip refuses
// such a line in it; the error says how to set the use.
//
// The error is that of Parse. For a requirements file it has only the lines that pip refuses there,
// too.
func Read(name string, data []byte, use Use) (*File, error) {
	if use == UseRequirements {
		return readAfter(nil, name, data, use)
	}
	f, err := Parse(name, data)
	strict, refused := errors.AsType[*SyntaxError](err)
	if !refused || use == UseConstraints {
		return f, err
	}
	f, err = readAfter(nil, name, data, UseRequirements)
	loose, refused := errors.AsType[*SyntaxError](err)
	switch {
	case refused && len(loose.All()) == len(strict.All()):
		return nil, strict // no line is one of a requirements file
	case !strings.Contains(strings.ToLower(path.Base(name)), "constraints"):
		return f, err
	}
	return nil, strict.offering(loose)
}

// offering adds to the error, on each line that the other use would accept, a sentence that names
// that use. loose is the error of the other use.
func (e *SyntaxError) offering(loose *SyntaxError) *SyntaxError {
	still := map[int]bool{}
	if loose != nil {
		for _, l := range loose.All() {
			still[l.Line] = true
		}
	}
	all := e.All()
	out := make([]*SyntaxError, len(all))
	for i, l := range all {
		one := *l
		one.More = nil
		if !still[one.Line] {
			one.Next += ", or say kind: requirements of this file in the configuration if pip reads it with -r"
		}
		out[i] = &one
	}
	out[0].More = out[1:]
	return out[0]
}
