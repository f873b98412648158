package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// This file makes the digests that prove what a commit of ours changes, whatever commit it
// stands on.

// changeVersion begins the digests of today. Those without it are of version 1.
const changeVersion = "v2:"

// ChangeDigest proves what a commit changes: SHA-256 over the branch's name and,
// for each file by path, over the hunks between Before and Content, each with
// the line before and the line after it. The base is no part of it, so a clean
// rebase leaves it as it is. Every part is preceded by its length.
func ChangeDigest(branch string, files []FileChange) string {
	h := sha256.New()
	part := func(s string) { h.Write([]byte(strconv.Itoa(len(s)) + ":" + s)) }
	lines := func(all []string) {
		part(strconv.Itoa(len(all)))
		for _, l := range all {
			part(l)
		}
	}
	part(branch)
	sorted := slices.Clone(files)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].Path < sorted[j].Path })
	for _, f := range sorted {
		part(f.Path)
		part(strconv.FormatBool(f.Create))
		from, to := splitLines(f.Before), splitLines(f.Content)
		for _, k := range hunksOf(from, to, 0) {
			lines(from[max(0, k.from-1):k.from])
			lines(from[k.from:k.fromEnd])
			lines(to[k.to:k.toEnd])
			lines(from[k.fromEnd:min(len(from), k.fromEnd+1)])
		}
	}
	return changeVersion + hex.EncodeToString(h.Sum(nil))
}

// DigestOf is the digest of files in the version that t has: what t.Digest has
// to be for them.
func DigestOf(branch string, t Trailers, files []FileChange) string {
	if t.OfLines() {
		return ChangeDigest(branch, files)
	}
	return ContentDigest(branch, t.Base, files)
}

// OfLines reports whether the digest is a [ChangeDigest].
func (t Trailers) OfLines() bool { return strings.HasPrefix(t.Digest, changeVersion) }

// splitLines keeps each line's newline, so that a missing last one shows.
func splitLines(data []byte) []string {
	var out []string
	for l := range bytes.Lines(data) {
		out = append(out, string(l))
	}
	return out
}

// hunk says that the lines from..fromEnd of the old text became to..toEnd of the
// new one.
type hunk struct{ from, fromEnd, to, toEnd int }

// maxDepth bounds how often a gap is parted again. Below it a gap is one hunk,
// which proves as much and survives fewer rebases.
const maxDepth = 8

// hunksOf compares two texts by the lines that stand once in each: what lies
// between two of them is compared in the same way, and is one hunk where it has
// no such line. The cost is n log n in lines; the same texts give the same hunks.
func hunksOf(a, b []string, depth int) []hunk {
	lo := 0
	for lo < len(a) && lo < len(b) && a[lo] == b[lo] {
		lo++
	}
	aEnd, bEnd := len(a), len(b)
	for aEnd > lo && bEnd > lo && a[aEnd-1] == b[bEnd-1] {
		aEnd, bEnd = aEnd-1, bEnd-1
	}
	if lo == aEnd && lo == bEnd { //nolint:gocritic // both are used up: nothing differs
		return nil
	}
	var anchors [][2]int
	if depth < maxDepth {
		anchors = anchorsOf(a[lo:aEnd], b[lo:bEnd])
	}
	if len(anchors) == 0 {
		return []hunk{{lo, aEnd, lo, bEnd}}
	}
	var out []hunk
	atA, atB := lo, lo
	for _, p := range append(anchors, [2]int{aEnd - lo, bEnd - lo}) {
		nextA, nextB := lo+p[0], lo+p[1]
		for _, k := range hunksOf(a[atA:nextA], b[atB:nextB], depth+1) {
			out = append(out, hunk{k.from + atA, k.fromEnd + atA, k.to + atB, k.toEnd + atB})
		}
		atA, atB = nextA+1, nextB+1
	}
	return out
}

// anchorsOf are the longest run of lines, in the order of both, that stand once
// in a and once in b.
func anchorsOf(a, b []string) [][2]int {
	type seen struct{ inA, inB, a, b int }
	lines := map[string]*seen{}
	for i, l := range a {
		s := lines[l]
		if s == nil {
			s = &seen{}
			lines[l] = s
		}
		s.inA, s.a = s.inA+1, i
	}
	for i, l := range b {
		if s := lines[l]; s != nil {
			s.inB, s.b = s.inB+1, i
		}
	}
	var pairs [][2]int
	for i, l := range a {
		if s := lines[l]; s.inA == 1 && s.inB == 1 {
			pairs = append(pairs, [2]int{i, s.b})
		}
	}
	// The longest increasing run by b: ends holds, for each length, the pair with
	// the least b that ends such a run, before the pair that comes before each.
	var ends []int
	before := make([]int, len(pairs))
	for i, p := range pairs {
		at := sort.Search(len(ends), func(k int) bool { return pairs[ends[k]][1] >= p[1] })
		before[i] = -1
		if at > 0 {
			before[i] = ends[at-1]
		}
		if at == len(ends) {
			ends = append(ends, i)
		} else {
			ends[at] = i
		}
	}
	if len(ends) == 0 {
		return nil
	}
	var out [][2]int
	for i := ends[len(ends)-1]; i >= 0; i = before[i] {
		out = append(out, pairs[i])
	}
	slices.Reverse(out)
	return out
}
