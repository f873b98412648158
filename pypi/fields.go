package pypi

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// fields walks the fields of one JSON object. The object comes from a decoder that has
// checked it, so what is found here needs no check: every text ends, and so does every
// value. Of two fields with one name both are given, in their order.
type fields struct {
	raw        jsontext.Value
	key, value jsontext.Value // of the field, the key in its quotes
	at         int
}

// next goes to the next field, and is false behind the last one.
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

// begin passes white space.
func begin(raw []byte, at int) int {
	for raw[at] == ' ' || raw[at] == '\n' || raw[at] == '\t' || raw[at] == '\r' {
		at++
	}
	return at
}

// textEnd is where the string that begins at a place ends.
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

// valueEnd is where the value that begins at a place ends.
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
