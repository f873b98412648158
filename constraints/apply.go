package constraints

import "errors"

// Edit moves one pin.
type Edit struct {
	Pin     int
	Version string
	SHA256  []string
}

// Apply is not written yet.
func (f *File) Apply(edits []Edit) ([]byte, error) { return nil, errors.New("not implemented") }
