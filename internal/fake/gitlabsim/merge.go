package gitlabsim

import (
	"maps"
	"slices"
	"strings"
)

// mergeTrees merges what theirs changed since base into ours, file by file
// and line by line as git does. ok is false if a file conflicts. Renames are
// not followed: a moved and edited file conflicts, which git may not find.
func mergeTrees(base, ours, theirs tree) (merged tree, ok bool) {
	merged = maps.Clone(ours)
	paths := slices.Collect(maps.Keys(theirs))
	for path := range base {
		if _, has := theirs[path]; !has {
			paths = append(paths, path)
		}
	}
	for _, path := range paths {
		was, hadBase := base[path]
		our, hasOur := ours[path]
		their, hasTheir := theirs[path]
		switch {
		case hadBase == hasTheir && was == their: // theirs left it alone
		case hasOur == hasTheir && our == their: // both did the same
		case hadBase == hasOur && was == our: // only theirs changed it
			if hasTheir {
				merged[path] = their
			} else {
				delete(merged, path)
			}
		case !hasOur || !hasTheir || !hadBase: // edited and deleted, or added twice
			return nil, false
		default:
			text, clean := mergeTexts(was.text, our.text, their.text)
			if !clean {
				return nil, false
			}
			merged[path] = newBlob(text, our.exec || their.exec)
		}
	}
	return merged, true
}

// mergeTexts is a three-way merge by lines. Changes to the same or to
// neighbouring lines conflict unless they are the same change.
func mergeTexts(base, ours, theirs string) (string, bool) {
	old, a, b := linesOf(base), linesOf(ours), linesOf(theirs)
	left, right := diffLines(old, a), diffLines(old, b)
	var out strings.Builder
	at := 0
	put := func(h hunk, from []string) {
		for _, line := range old[at:h.aLo] {
			out.WriteString(line)
		}
		for _, line := range from[h.bLo:h.bHi] {
			out.WriteString(line)
		}
		at = h.aHi
	}
	for len(left) > 0 || len(right) > 0 {
		switch {
		case len(right) == 0 || len(left) > 0 && left[0].aHi < right[0].aLo:
			put(left[0], a)
			left = left[1:]
		case len(left) == 0 || right[0].aHi < left[0].aLo:
			put(right[0], b)
			right = right[1:]
		case sameChange(left[0], right[0], a, b):
			put(left[0], a)
			left, right = left[1:], right[1:]
		default:
			return "", false
		}
	}
	for _, line := range old[at:] {
		out.WriteString(line)
	}
	return out.String(), true
}

func sameChange(l, r hunk, a, b []string) bool {
	return l.aLo == r.aLo && l.aHi == r.aHi && slices.Equal(a[l.bLo:l.bHi], b[r.bLo:r.bHi])
}

// fileChange is one file of a diff.
type fileChange struct {
	path     string
	old, new blob
	added    bool
	deleted  bool
}

// changesOf lists the files that differ, by path.
func changesOf(from, to tree) []fileChange {
	var out []fileChange
	for path, blob := range to {
		if was, had := from[path]; !had || was != blob {
			out = append(out, fileChange{path: path, old: was, new: blob, added: !had})
		}
	}
	for path, blob := range from {
		if _, has := to[path]; !has {
			out = append(out, fileChange{path: path, old: blob, deleted: true})
		}
	}
	slices.SortFunc(out, func(a, b fileChange) int { return strings.Compare(a.path, b.path) })
	return out
}
