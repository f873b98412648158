package constraints

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// Edit moves one pin.
type Edit struct {
	// Pin is an index into File.Pins.
	Pin int
	// Version is the new version in the normal form of PEP 440.
	Version string
	// SHA256 are the digests of the release's files in lower-case hexadecimal,
	// written in this order. A pin without --hash ignores them.
	SHA256 []string
}

// ErrNoDigests is wrapped by Apply if a pin has --hash and its edit has no digests.
var ErrNoDigests = errors.New("no sha256 is known for its files")

// Apply returns the file with the versions of some pins replaced, and with their hash lists if they
// have one; every other byte is as it was. The order of the edits does not matter. Without edits it
// returns the file as it is. A hash list keeps its layout: the form of its options and what is
// between them, whether one is on each line or all are on one. If there are more digests than
// before, the rest repeat the layout of the last one. Apply parses the result again, and returns an
// error unless exactly the intended versions and hashes differ.
func (f *File) Apply(edits []Edit) ([]byte, error) {
	var splices []splice
	want := make(map[int]Edit, len(edits))
	for _, e := range edits {
		if err := f.check(e); err != nil {
			return nil, err
		}
		p := f.Pins[e.Pin]
		if _, twice := want[e.Pin]; twice {
			return nil, fmt.Errorf("edit %s: it is edited twice", f.where(p))
		}
		want[e.Pin] = e
		splices = append(splices, splice{p.version, e.Version})
		if p.HasHashes {
			splices = append(splices, splice{p.hashes.span, p.hashes.render(e.SHA256)})
		}
	}
	out := spliced(f.Data, splices)
	if err := f.verify(out, want); err != nil {
		return nil, err
	}
	return out, nil
}

var hexSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (f *File) check(e Edit) error {
	if e.Pin < 0 || e.Pin >= len(f.Pins) {
		return fmt.Errorf("edit %s: there is no pin %d", f.Path, e.Pin)
	}
	p := f.Pins[e.Pin]
	v, err := pep440.Parse(e.Version)
	if err != nil {
		return fmt.Errorf("edit %s: %w", f.where(p), err)
	}
	if v.String() != e.Version {
		return fmt.Errorf("edit %s: %s is not in normal form, which is %s", f.where(p), quote(e.Version), v)
	}
	if !p.HasHashes {
		return nil
	}
	if len(e.SHA256) == 0 {
		return fmt.Errorf("edit %s to %s: %w", f.where(p), e.Version, ErrNoDigests)
	}
	for _, digest := range e.SHA256 {
		if !hexSHA256.MatchString(digest) {
			return fmt.Errorf("edit %s to %s: %s is not a sha256", f.where(p), e.Version, quote(digest))
		}
	}
	return nil
}

func (f *File) where(p Pin) string {
	return fmt.Sprintf("%s:%d (%s %s)", f.Path, p.Line, p.Name, p.Version.Raw())
}

// render writes digests in the layout of the old list.
func (h hashList) render(digests []string) string {
	var b strings.Builder
	for i, digest := range digests {
		form := h.forms[min(i, len(h.forms)-1)]
		switch {
		case i == 0:
		case len(h.gaps) == 0:
			b.WriteString(h.lead)
		default:
			b.WriteString(h.gaps[min(i, len(h.gaps))-1])
		}
		b.WriteString(form.before + "sha256:" + digest + form.after)
	}
	return b.String()
}

// splice replaces a range of bytes.
type splice struct {
	span
	text string
}

// spliced returns a copy of data with the ranges replaced, which must not overlap. A text that is
// inserted before a range comes before the text that replaces it.
func spliced(data []byte, splices []splice) []byte {
	sort.SliceStable(splices, func(i, j int) bool {
		a, b := splices[i], splices[j]
		return a.start < b.start || a.start == b.start && a.end < b.end
	})
	var out bytes.Buffer
	done := 0
	for _, s := range splices {
		out.Write(data[done:s.start])
		out.WriteString(s.text)
		done = s.end
	}
	out.Write(data[done:])
	return out.Bytes()
}

// verify parses an edited file and compares it with this one.
func (f *File) verify(edited []byte, want map[int]Edit) error {
	g, err := f.Reread(edited)
	if err != nil {
		return fmt.Errorf("edit %s: the outcome is not readable: %w", f.Path, err)
	}
	differs := func(line int) error {
		return fmt.Errorf("edit %s:%d: the edit would change more than a version; edit this line by hand", f.Path, line)
	}
	if len(g.Pins) != len(f.Pins) || len(g.Unmanaged) != len(f.Unmanaged) {
		return differs(1)
	}
	for i, p := range f.Pins {
		version, hashes := p.Version.Raw(), p.hashes
		if e, ok := want[i]; ok {
			version = e.Version
			if p.HasHashes {
				hashes.values = prefixed(e.SHA256)
			}
		}
		q := g.Pins[i]
		if q.Name != p.Name || q.Op != p.Op || q.MarkerText != p.MarkerText || !slices.Equal(q.Extras, p.Extras) ||
			q.Version.Raw() != version || !q.hashes.equal(hashes) {
			return differs(p.Line)
		}
	}
	for i, u := range f.Unmanaged {
		if v := g.Unmanaged[i]; v.Text != u.Text || v.Kind != u.Kind {
			return differs(u.Line)
		}
	}
	return nil
}

func prefixed(digests []string) []string {
	out := make([]string, len(digests))
	for i, d := range digests {
		out[i] = "sha256:" + d
	}
	return out
}
