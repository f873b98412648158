package constraints

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// File is a constraints or requirements file as Parse or Read read it. It is not
// changed afterwards: Apply and Derive return new bytes.
type File struct {
	Path string
	// Use is what the file was read for, never empty.
	Use Use
	// Pins are the lines that hold exactly one version, in file order.
	Pins []Pin
	// Unmanaged are the other lines that pip acts on, in file order.
	Unmanaged []Unmanaged
	// Data is the file byte for byte, as it was given to Parse.
	Data []byte

	src      source
	lines    []logicalLine
	meanings []meaning // what each line became
}

// Pin is a line that names one version: one "==" or "===" clause without a
// wildcard, and no URL.
type Pin struct {
	// Name is the project as the file spells it, Key the same in the normal
	// form of PEP 503.
	Name, Key string
	// Version is the pinned version; its Raw text is the spelling of the file.
	Version pep440.Version
	// Op is "==" or "===".
	Op string
	// Marker and MarkerText are those of the line, zero and empty if it has none. MarkerText is
	// what follows the semicolon, with continuation lines joined.
	Marker     pep508.Marker
	MarkerText string
	// Extras are the extras on the line of a requirements file, in the normal form of PEP 685,
	// sorted, each once.
	Extras []string
	// Line is the number of the line the pin begins on, from 1, counted as
	// Python's str.splitlines counts.
	Line int
	// HasHashes reports whether the line carries --hash.
	HasHashes bool

	version span
	hashes  hashList
}

// Kind says what sort of line an Unmanaged is.
type Kind string

// The kinds of lines that pip accepts and this package does not move.
const (
	KindRange       Kind = "range"       // clauses other than one == or ===
	KindWildcard    Kind = "wildcard"    // ==1.*
	KindArbitrary   Kind = "arbitrary"   // === with a text that is no version
	KindBare        Kind = "bare"        // a name alone
	KindURL         Kind = "url"         // name @ URL, a URL
	KindPath        Kind = "path"        // a wheel on disk, or in requirements any path
	KindEditable    Kind = "editable"    // -e
	KindNested      Kind = "nested"      // -c, -r
	KindOption      Kind = "option"      // -i, --pre and the like
	KindEnvironment Kind = "environment" // ${NAME}
	KindLayout      Kind = "layout"      // a pin whose layout cannot be edited
)

// Unmanaged is a line that pip acts on and this package never edits.
type Unmanaged struct {
	// Line is the number of the line it begins on, from 1.
	Line int
	// Text is the line without its comment, continuation lines joined.
	Text string
	// Reason is a clause such as "-c is not followed".
	Reason string
	Kind   Kind

	// Name, Key, Specifiers and Marker are set for the kinds range, wildcard,
	// arbitrary, bare and layout, and for a URL or an editable project that has a
	// name. Extras are as in a Pin.
	Name, Key  string
	Specifiers pep440.Specifiers
	Marker     pep508.Marker
	MarkerText string
	Extras     []string
}

// Keys returns the normalised names of the pins, each once, in the order of
// their first lines.
func (f *File) Keys() []string {
	var keys []string
	seen := make(map[string]bool, len(f.Pins))
	for _, p := range f.Pins {
		if !seen[p.Key] {
			seen[p.Key] = true
			keys = append(keys, p.Key)
		}
	}
	return keys
}

// Slots returns the indices into Pins of the pins of one normalised name, in file order; nil for a
// name without a pin. It does not judge whether the markers of two of them hold at once.
func (f *File) Slots(key string) []int {
	var slots []int
	for i, p := range f.Pins {
		if p.Key == key {
			slots = append(slots, i)
		}
	}
	return slots
}

// Text returns the file decoded, without its byte order mark.
func (f *File) Text() string { return f.src.text }

// LogicalLines returns what pip reads: comments removed, continuation lines
// joined, blank lines left out.
func (f *File) LogicalLines() []string {
	texts := make([]string, 0, len(f.lines))
	for _, l := range f.lines {
		texts = append(texts, l.text)
	}
	return texts
}

// span is a range of bytes in File.Data.
type span struct{ start, end int }

// hashList is the run of --hash options of a pin.
type hashList struct {
	span
	lead   string   // the bytes before the first option, back to the text before it
	gaps   []string // the bytes between one option and the next
	forms  []hashForm
	values []string // "sha256:..." as pip reads them
}

// hashForm is the text around the value of a --hash option.
type hashForm struct{ before, after string }

func (h hashList) equal(o hashList) bool { return slices.Equal(h.values, o.values) }
