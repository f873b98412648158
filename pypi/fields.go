package pypi

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// fields iterates over the fields of one JSON object. A decoder has checked the object before, so
// that every text and every value ends. Of two fields with one name it gives both, in their order.
type fields struct {
	raw        jsontext.Value
	key, value jsontext.Value // of the field, the key in its quotes
	at         int
}

// next goes to the next field; false after the last one.
func (f *fields) next() bool {
	f.at = begin(f.raw, f.at+1) // behind the brace, or the comma
	if f.raw[f.at] == '}' {
		return false
	}
	from := f.at
	f.at = textEnd(f.raw, from)
	f.key = f.raw[from:f.at]
	from = begin(f.raw, begin(f.raw, f.at)+1) // behind the colon
	f.at = valueEnd(f.raw, from)
	f.value = f.raw[from:f.at]
	if f.at = begin(f.raw, f.at); f.raw[f.at] == '}' {
		f.at-- // so that the next call finds it
	}
	return true
}

// begin skips white space.
func begin(raw []byte, at int) int {
	for raw[at] == ' ' || raw[at] == '\n' || raw[at] == '\t' || raw[at] == '\r' {
		at++
	}
	return at
}

// textEnd is the end of the string that begins at an index.
func textEnd(raw []byte, at int) int {
	for at++; ; at++ {
		at += bytes.IndexByte(raw[at:], '"')
		escapes := 0
		for raw[at-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return at + 1
		}
	}
}

// valueEnd is the end of the value that begins at an index.
func valueEnd(raw []byte, at int) int {
	switch raw[at] {
	case '"':
		return textEnd(raw, at)
	case '{', '[':
		for depth := 0; ; {
			switch raw[at] {
			case '"':
				at = textEnd(raw, at)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if at++; depth == 0 {
				return at
			}
		}
	}
	for ; ; at++ { // a number, or a word such as true
		switch raw[at] {
		case ',', '}', ']', ' ', '\n', '\t', '\r':
			return at
		}
	}
}
