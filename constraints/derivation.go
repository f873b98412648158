package constraints

import (
	"errors"
	"fmt"
	"strings"
)

// Format is the shape of the pins in a derived file.
type Format string

const (
	// FormatBlock is one text, the constraints file itself.
	FormatBlock Format = "block"
	// FormatList is a sequence of the lines that pip reads: comments and blank
	// lines left out, continuation lines joined.
	FormatList Format = "list"
	// FormatMap is a mapping from the name, as spelled, to the version, for
	// files of plain == pins only.
	FormatMap Format = "map"
)

// Derivation says where in a YAML file the pins go, and in which shape.
type Derivation struct {
	Path   string
	Format Format
	// Key are the keys of nested mappings that lead to the pins.
	Key []string
}

// role is what a key means to GitLab CI.
type role string

const (
	// roleVariable is a direct child of a mapping named variables: a text, or a
	// mapping with value and expand.
	roleVariable role = "a variable"
	// roleValue is the key value within the mapping of a variable.
	roleValue role = "the value of a variable"
	// roleOther is everything else, which GitLab leaves as it is.
	roleOther role = "no variable"
)

// role says what the key means to GitLab CI. https://docs.gitlab.com/ci/yaml/#variables
func (d Derivation) role() role {
	n := len(d.Key)
	switch {
	case n >= 2 && d.Key[n-2] == "variables":
		return roleVariable
	case n >= 3 && d.Key[n-1] == "value" && d.Key[n-3] == "variables":
		return roleValue
	}
	return roleOther
}

// Check reports what is wrong with a derivation, whatever is in the files.
func (d Derivation) Check() error {
	switch d.Format {
	case FormatBlock, FormatList, FormatMap:
	default:
		return fmt.Errorf("derive %s: %s is no format; write block, list or map", d.Path, quote(string(d.Format)))
	}
	if len(d.Key) == 0 {
		return errors.New("derive " + d.Path + ": the key is empty; name at least one")
	}
	if why := d.Refused(); why != "" {
		return fmt.Errorf("derive %s: %s", d.Path, why)
	}
	return nil
}

// Refused says why GitLab takes no value of this format at the key, and what to
// write instead; "" if it does.
func (d Derivation) Refused() string {
	role := d.role()
	if d.Format == FormatBlock || role == roleOther {
		return ""
	}
	return fmt.Sprintf("%s is %s, which GitLab takes as one text and not as a %s; write format: block, or a key outside of variables",
		strings.Join(d.Key, "."), role, d.Format)
}
