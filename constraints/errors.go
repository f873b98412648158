package constraints

import "fmt"

// SyntaxError is a line that pip 26.2 refuses, and with it the whole file.
type SyntaxError struct {
	Path string
	// Line is counted from 1.
	Line int
	// Text is the line without its comment, empty where it cannot be decoded.
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
