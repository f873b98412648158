package plan

import (
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file recognises what another bot does beside pinwheel, where nothing of it is taken over.

// OtherRequest is an open merge request of another bot's that moves pins of ours.
type OtherRequest struct {
	IID   int64
	By    string   // who opened it, a username
	Keys  []string // the pins that it moves, as normalised names, sorted
	Paths []string // the files of ours that it changes, sorted
}

// OtherPrefix is what the branches of another bot's begin with unless it is told otherwise.
const OtherPrefix = "renovate/"

// OfOtherBot reports whether another bot made a merge request: its description says so, or its
// branch, or its label, and it is none of ours.
func (m MergeRequest) OfOtherBot() bool {
	label := func(name string) bool { return strings.EqualFold(name, "renovate") }
	return !m.Note.Present && m.SameProject && (m.Note.Other || strings.HasPrefix(m.Branch, OtherPrefix) || slices.ContainsFunc(m.Labels, label))
}

// Naming says of which pins a merge request of another bot's speaks: a title, a branch, and the
// names that its description lists. It names too many rather than too few, since what a branch
// changes tells more.
type Naming struct {
	Title, Branch string
	Listed        []string
}

// between is what parts the words of a title or of a branch.
var between = regexp.MustCompile(`[^A-Za-z0-9]+`)

// Of are those of the pins, by normalised name, that are named. The order is that of the pins.
func (n Naming) Of(pins []string) []string {
	dashed := func(s string) string {
		return "-" + strings.Trim(between.ReplaceAllString(strings.ToLower(s), "-"), "-") + "-"
	}
	title, branch := dashed(n.Title), dashed(n.Branch)
	var out []string
	for _, key := range pins {
		word := dashed(key)
		listed := slices.ContainsFunc(n.Listed, func(name string) bool { return pep508.NormalizeName(name) == key })
		if listed || strings.Contains(title, word) || strings.Contains(branch, word) {
			out = append(out, key)
		}
	}
	return out
}

// Touched says which files of ours a change concerns, and which pins move in them. whole is false
// if that cannot be told for all of these files: the change is too large to be shown, or it is one
// of a derived file alone.
func Touched(patches []Difference, files []FilePolicy) (paths, keys []string, whole bool) {
	whole, pinned := true, false
	for _, p := range patches {
		ours, derived := managed(p.Path, files)
		if !ours && !derived {
			continue
		}
		paths = append(paths, p.Path)
		if !ours {
			continue
		}
		pinned = true
		moved, ok := movedIn(p)
		keys, whole = append(keys, moved...), whole && ok
	}
	slices.Sort(paths)
	slices.Sort(keys)
	return slices.Compact(paths), slices.Compact(keys), whole && (pinned || len(paths) == 0)
}

// movedIn are the names of the pins whose lines a change changes, removes or adds.
func movedIn(p Difference) (keys []string, ok bool) {
	hunks := hunksIn(p.Text)
	for _, h := range hunks {
		before, err1 := pinsIn(p.Path, h.before)
		after, err2 := pinsIn(p.Path, h.after)
		if err1 != nil || err2 != nil {
			return nil, false
		}
		for _, pair := range [][2][]constraints.Pin{{before, after}, {after, before}} {
			for _, pin := range pair[0] {
				same := func(o constraints.Pin) bool {
					return o.Key == pin.Key && o.MarkerText == pin.MarkerText && equal(o.Version, pin.Version)
				}
				if !slices.ContainsFunc(pair[1], same) {
					keys = append(keys, pin.Key)
				}
			}
		}
	}
	return keys, len(hunks) > 0
}

func equal(a, b pep440.Version) bool { return a.Compare(b) == 0 }

// pinsIn are the pins of a part of a file.
func pinsIn(path, text string) ([]constraints.Pin, error) {
	f, err := constraints.Read(path, []byte(cutOff.ReplaceAllString(hashText.ReplaceAllString(text, ""), "\n")), "")
	if err != nil {
		return nil, err
	}
	return f.Pins, nil
}
