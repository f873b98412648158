package constraints

import (
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Parse reads a constraints file as pip 26.2 does. Path is only used in messages. An empty file is
// a File without pins.
//
// The error is a *SyntaxError for the first line that pip would refuse, with the later ones in its
// More. Unlike pip, it refuses a file in UTF-16, UTF-32 or an uncommon 8-bit encoding, since that
// cannot be edited in place. Unlike pip, it needs no file system, network or environment: nested
// files, paths and ${NAME} are listed as unmanaged, and so is a --use-feature that some pip may not
// know. Two different active pins of one name are no error here.
func Parse(path string, data []byte) (*File, error) {
	return readAfter(nil, path, data, UseConstraints)
}

// readAfter reads a file for one use, with the help of an earlier version of the file; nil for
// none.
func readAfter(old *File, path string, data []byte, use Use) (*File, error) {
	src, bad := decode(path, data)
	if bad != nil {
		return nil, bad
	}
	f := &File{Path: path, Use: use, Data: data, src: src, lines: logicalLines(src.text)}
	f.meanings = make([]meaning, len(f.lines))
	known := follower{old: old}
	if old != nil {
		f.Pins = slices.Grow(f.Pins, min(len(f.lines), len(old.Pins)+1))
	}
	var refused []*SyntaxError
	for i, l := range f.lines {
		pins, unmanaged := len(f.Pins), len(f.Unmanaged)
		if k := known.find(&f.src, l); k < 0 || !f.takeOver(old, k, l) {
			if bad := f.read(l); bad != nil {
				refused = append(refused, &SyntaxError{
					Path: path, Line: l.number, Text: l.text, Reason: bad.reason, Next: bad.next,
				})
			}
		}
		switch {
		case len(f.Pins) == pins+1:
			f.meanings[i].pin = pins + 1
		case len(f.Unmanaged) == unmanaged+1:
			f.meanings[i].unmanaged = unmanaged + 1
		}
	}
	if len(f.Pins) == 0 {
		f.Pins = nil
	}
	if len(refused) > 0 {
		refused[0].More = refused[1:]
		return nil, refused[0]
	}
	return f, nil
}

// refusal is why pip refuses a line, and what to do about it.
type refusal struct{ reason, next string }

// environment matches what pip replaces with the value of a variable.
var environment = regexp.MustCompile(`\$\{[A-Z0-9_]+\}`)

// read adds one logical line to the pins or the unmanaged lines.
func (f *File) read(l logicalLine) *refusal {
	if name := environment.FindString(l.text); name != "" {
		f.leave(l, KindEnvironment, name+" is taken from the environment of pip")
		return nil
	}
	args, rest := splitOptions(l.text)
	words, why := splitWords(l.text[rest:], rest)
	if why != "" {
		return &refusal{why, "close it or remove it"}
	}
	opts, why := parseOptions(words, f.Use)
	if why != "" {
		return &refusal{why, "remove or correct the option"}
	}
	if args != "" {
		return f.readRequirement(l, args, words, opts)
	}
	return f.readOptions(l, opts)
}

// splitOptions returns the part before the first option, and the place where the options begin.
// Only a blank (U+0020) may be before an option.
func splitOptions(text string) (args string, rest int) {
	if strings.HasPrefix(text, "-") {
		return "", 0
	}
	if i := strings.Index(text, " -"); i >= 0 {
		return text[:i], i + 1
	}
	return text, len(text)
}

// readOptions reads a line that has options only.
func (f *File) readOptions(l logicalLine, opts []option) *refusal {
	var nested, plain string
	for _, o := range opts {
		switch o.name {
		case "--editable":
			return f.readEditable(l, o.value)
		case "--requirement", "--constraint":
			if nested == "" {
				nested = strings.TrimPrefix(o.name, "-")[:2]
			}
		default:
			if plain == "" {
				plain = o.name
			}
		}
	}
	switch {
	case nested != "":
		f.leave(l, KindNested, nested+" is not followed")
	case plain != "":
		reason := plain + " is an option of pip, not a pin"
		switch plain {
		case "--index-url", "--extra-index-url", "--find-links":
			reason += "; only the indexes of the configuration are asked"
		}
		f.leave(l, KindOption, reason)
	default:
		f.leave(l, KindOption, "pip ignores this line")
	}
	return nil
}

func (f *File) leave(l logicalLine, kind Kind, reason string) {
	f.Unmanaged = append(f.Unmanaged, Unmanaged{Line: l.number, Text: l.text, Reason: reason, Kind: kind})
}

// readRequirement reads a line that begins with a requirement.
func (f *File) readRequirement(l logicalLine, args string, words []word, opts []option) *refusal {
	isURL := hasURLScheme(args)
	separator := ";"
	if isURL {
		separator = "; "
	}
	text, markerText, _ := strings.Cut(args, separator)
	text, markerText = strings.TrimFunc(text, isSpace), strings.TrimFunc(markerText, isSpace)
	var marker pep508.Marker
	if markerText != "" {
		var err error
		if marker, err = pep508.ParseMarker(markerText); err != nil {
			return &refusal{"the marker " + quote(markerText) + " is not valid", "correct it as PEP 508 says"}
		}
		if part := marker.Undefined(); part != "" {
			return &refusal{"pip cannot evaluate " + part + " in a marker", "compare with ==, or with a version"}
		}
	}
	if isURL {
		return f.readURL(l, text, marker, markerText)
	}
	if isArchivePath(text) {
		return f.readPath(l, text)
	}
	req, err := pep508.Parse(text)
	switch {
	case err != nil && f.Use == UseRequirements && isPath(text):
		f.leave(l, KindPath, "a path is not a pin")
		return nil
	case err != nil:
		return explain(text)
	case len(req.Extras) > 0 && f.Use != UseRequirements:
		return &refusal{"a constraint cannot have extras", "write " + quote(withoutExtras(text))}
	}
	u := Unmanaged{
		Line: l.number, Text: l.text, Name: req.Name, Key: pep508.NormalizeName(req.Name),
		Specifiers: req.Specifiers, Marker: marker, MarkerText: markerText, Extras: extrasOf(req),
	}
	if req.URL != "" {
		u.Kind, u.Reason = KindURL, "a URL is not a pin"
		f.Unmanaged = append(f.Unmanaged, u)
		return nil
	}
	f.readVersion(l, u, words, opts)
	return nil
}

// readVersion reads a named requirement without a URL, which is a pin or unmanaged.
func (f *File) readVersion(l logicalLine, u Unmanaged, words []word, opts []option) {
	pin := Pin{
		Name: u.Name, Key: u.Key, Marker: u.Marker, MarkerText: u.MarkerText, Line: u.Line, Extras: u.Extras,
	}
	clauses := u.Specifiers.Clauses()
	switch {
	case len(clauses) == 0:
		u.Kind, u.Reason = KindBare, "no version is pinned"
	case len(clauses) > 1 || (clauses[0].Op != pep440.OpEqual && clauses[0].Op != pep440.OpArbitrary):
		u.Kind, u.Reason = KindRange, "a range is not a pin"
	default:
		pin.Op = string(clauses[0].Op)
		version, wildcard := clauses[0].Bound()
		pin.Version = version
		switch {
		case wildcard:
			u.Kind, u.Reason = KindWildcard, "a wildcard is a range, not a pin"
		case version.IsZero():
			u.Kind, u.Reason = KindArbitrary, quote(clauses[0].Version)+" is not a version as PEP 440 defines it"
		default:
			u.Kind = KindLayout
			u.Reason = f.locate(&pin, l, words, opts)
		}
	}
	if u.Reason != "" {
		f.Unmanaged = append(f.Unmanaged, u)
		return
	}
	f.Pins = append(f.Pins, pin)
}

// locate finds the bytes of the pin's version and hashes. If their layout cannot be edited, it
// returns a reason.
func (f *File) locate(pin *Pin, l logicalLine, words []word, opts []option) (reason string) {
	// Neither a name nor extras can contain "=".
	start := strings.Index(l.text, pin.Op) + len(pin.Op)
	start += len(l.text[start:]) - len(strings.TrimLeftFunc(l.text[start:], isSpace))
	n := strings.IndexFunc(l.text[start:], func(r rune) bool {
		return isSpace(r) || strings.ContainsRune(",;)", r)
	})
	end := len(l.text)
	if n >= 0 {
		end = start + n
	}
	if v, err := pep440.Parse(l.text[start:end]); err != nil || v.String() != pin.Version.String() {
		return "where its version stands is not clear"
	}
	if !l.contiguous(start, end) {
		return "its version is broken over two lines"
	}
	pin.version = f.span(l, start, end)
	return f.locateHashes(pin, l, words, opts)
}

func (f *File) span(l logicalLine, start, end int) span {
	return span{f.src.offset(l.at(start)), f.src.offset(l.at(end-1) + 1)}
}

// locateHashes finds the run of --hash options of a pin.
func (f *File) locateHashes(pin *Pin, l logicalLine, words []word, opts []option) (reason string) {
	h := &pin.hashes
	previous := -1
	for _, o := range opts {
		if o.name != "--hash" {
			continue
		}
		at := f.span(l, o.start, o.end)
		switch {
		case len(h.values) == 0:
			h.lead = string(f.Data[f.before(l, o, words):at.start])
			h.start = at.start
		case o.first != previous+1:
			return "other words stand between its hashes"
		default:
			h.gaps = append(h.gaps, string(f.Data[h.end:at.start]))
		}
		h.end, previous = at.end, o.last
		h.values = append(h.values, o.value)
		h.forms = append(h.forms, formOf(l.text[o.start:o.end], o.value))
	}
	pin.HasHashes = len(h.values) > 0
	return ""
}

// before returns the end of what comes before an option: of a word, or of the requirement.
func (f *File) before(l logicalLine, o option, words []word) int {
	end := len(strings.TrimRightFunc(l.text[:o.start], isSpace))
	if o.first > 0 {
		end = words[o.first-1].end
	}
	return f.src.offset(l.at(end-1) + 1)
}

// formOf returns the text around the value of a --hash option, so that another value can be written
// in the same form.
func formOf(text, value string) hashForm {
	before, after, ok := strings.Cut(text, value)
	if !ok {
		return hashForm{before: "--hash="}
	}
	return hashForm{before, after}
}
