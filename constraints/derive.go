package constraints

import "errors"

// Format is the shape of the pins in a derived file.
type Format string

// The shapes: one text, a sequence of lines, a mapping from name to version.
const (
	FormatBlock Format = "block"
	FormatList  Format = "list"
	FormatMap   Format = "map"
)

// Derivation says where in a YAML file the pins go, and in which shape.
type Derivation struct {
	Path   string
	Format Format
	Key    []string
}

// Derive is not written yet.
func Derive(f *File, existing []byte, d Derivation) ([]byte, error) {
	return nil, errors.New("not implemented")
}

// InSync is not written yet.
func InSync(f *File, existing []byte, d Derivation) (bool, error) {
	return false, errors.New("not implemented")
}

// Content is what a derived file holds at its key.
type Content struct {
	Text   string
	Expand bool
}

// ReadDerived is not written yet.
func ReadDerived(data []byte, d Derivation) (Content, error) {
	return Content{}, errors.New("not implemented")
}

// MissingKeyError says that a derived file does not have its key.
type MissingKeyError struct {
	Path string
	Key  []string
}

// Error returns one sentence.
func (e *MissingKeyError) Error() string { return e.Path + ": key missing" }
