package constraints

import "fmt"

// SyntaxError is a line that pip 26.2 refuses, and with it the whole file.
type SyntaxError struct {
	Path string
	// Line is counted from 1.
	Line int
	// Text is the line without its comment, empty if it cannot be decoded.
	Text string
	// Reason says what is wrong and Next what to do, each a clause.
	Reason, Next string
	// More are the errors of later lines, without a More of their own.
	More []*SyntaxError
}

// Error returns one sentence about this line: "constraints.txt:12: reason;
// next step".
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d: %s; %s", e.Path, e.Line, e.Reason, e.Next)
}

// All returns the error and those of later lines, in the order of the lines.
func (e *SyntaxError) All() []*SyntaxError {
	return append([]*SyntaxError{e}, e.More...)
}

// LineError is what is wrong in one line of a derived file.
type LineError struct {
	Path string
	Line int    // counted from 1
	Text string // what is wrong and what to do, without its end
}

// Error returns one sentence: "constraints.yml:12: what is wrong; next step".
func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Text) }

func lineErrorf(path string, line int, format string, args ...any) error {
	return &LineError{Path: path, Line: line, Text: fmt.Sprintf(format, args...)}
}
