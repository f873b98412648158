package constraints

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// source is a decoded file, with the places of its text in the file's bytes.
type source struct {
	text string
	base int   // bytes before the text, if at is nil
	at   []int // for each byte of text the offset in the file, nil if base+i
	// utf8 is false if the text was decoded from another encoding.
	utf8 bool
}

// offset returns the place in the file of byte i of the text; i may be the
// length of the text.
func (s source) offset(i int) int {
	if s.at == nil {
		return s.base + i
	}
	return s.at[i]
}

const saveAsUTF8 = "save the file as UTF-8"

var (
	utf8BOM = []byte("\xef\xbb\xbf")
	// wideBOMs are the byte order marks that pip knows and this package does not. Those of UTF-32
	// come first, since one of them begins with one of UTF-16.
	wideBOMs = []struct{ mark, name string }{
		{"\xff\xfe\x00\x00", "UTF-32"}, {"\x00\x00\xfe\xff", "UTF-32"},
		{"\xff\xfe", "UTF-16"}, {"\xfe\xff", "UTF-16"},
	}
	codingCookie = regexp.MustCompile(`coding[:=]\s*([-\w.]+)`)
)

// decode reads bytes as pip's reader does: a byte order mark decides, else a coding comment in the
// first two lines, else it is UTF-8. An encoding that does not contain ASCII, or that has no table
// here, is an error.
func decode(path string, data []byte) (source, *SyntaxError) {
	fail := func(line int, reason, next string) (source, *SyntaxError) {
		return source{}, &SyntaxError{Path: path, Line: line, Reason: reason, Next: next}
	}
	if rest, ok := bytes.CutPrefix(data, utf8BOM); ok {
		if i := invalidUTF8(rest); i >= 0 {
			return fail(lineOf(rest, i), "it is not UTF-8, though the file begins with the mark of UTF-8", saveAsUTF8)
		}
		return source{text: string(rest), base: len(utf8BOM), utf8: true}, nil
	}
	for _, b := range wideBOMs {
		if bytes.HasPrefix(data, []byte(b.mark)) {
			return fail(1, "the file is "+b.name+", which is not edited in place", saveAsUTF8)
		}
	}
	name, line := cookie(data)
	switch charset(name) {
	case charsetLatin1:
		return decodeBytes(data, nil), nil
	case charsetCP1252:
		if i := slices.IndexFunc(data, undefinedInCP1252); i >= 0 {
			return fail(lineOf(data, i), "it holds a byte that cp1252 does not define", saveAsUTF8)
		}
		return decodeBytes(data, &cp1252), nil
	case charsetASCII:
		if i := bytes.IndexFunc(data, func(r rune) bool { return r >= utf8.RuneSelf }); i >= 0 {
			return fail(lineOf(data, i), "it is not ASCII, though a comment says coding: "+name, "write coding: utf-8")
		}
	case charsetUTF8:
	case charsetUnknown:
		return fail(line, "the encoding "+name+" is not edited in place", saveAsUTF8+" and remove the coding comment")
	}
	if i := invalidUTF8(data); i >= 0 {
		return fail(lineOf(data, i), "it is not UTF-8", saveAsUTF8)
	}
	return source{text: string(data), utf8: true}, nil
}

// cookie returns the encoding that a comment in one of the first two lines names, and the number of
// that line. As in pip, lines end at \n here.
func cookie(data []byte) (string, int) {
	for i, line := range bytes.SplitN(data, []byte("\n"), 3) {
		if i > 1 || !bytes.HasPrefix(line, []byte("#")) {
			continue
		}
		if m := codingCookie.FindSubmatch(line); m != nil {
			return string(m[1]), i + 1
		}
	}
	return "", 0
}

type charsetKind int

const (
	charsetUTF8 charsetKind = iota
	charsetASCII
	charsetLatin1
	charsetCP1252
	charsetUnknown
)

func charset(name string) charsetKind {
	switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
	case "", "utf-8", "utf8":
		return charsetUTF8
	case "ascii", "us-ascii":
		return charsetASCII
	case "latin-1", "latin1", "iso-8859-1", "iso8859-1", "l1":
		return charsetLatin1
	case "cp1252", "windows-1252":
		return charsetCP1252
	}
	return charsetUnknown
}

// cp1252 is the part of Windows-1252 that differs from Latin-1, from 0x80.
var cp1252 = [32]rune{
	'€', 0, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0, 'Ž', 0,
	0, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0, 'ž', 'Ÿ',
}

func undefinedInCP1252(b byte) bool { return b >= 0x80 && b < 0xa0 && cp1252[b-0x80] == 0 }

// decodeBytes decodes Latin-1, or an encoding that differs in 0x80 to 0x9f.
func decodeBytes(data []byte, high *[32]rune) source {
	text := make([]byte, 0, len(data))
	at := make([]int, 0, len(data)+1)
	for i, b := range data {
		r := rune(b)
		if high != nil && b >= 0x80 && b < 0xa0 {
			r = high[b-0x80]
		}
		text = utf8.AppendRune(text, r)
		for len(at) < len(text) {
			at = append(at, i)
		}
	}
	return source{text: string(text), at: append(at, len(data))}
}

// invalidUTF8 returns the place of the first byte that is not UTF-8, or -1.
func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

func lineOf(b []byte, i int) int { return 1 + bytes.Count(b[:i], []byte("\n")) }
