package releasenotes

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Bounds of what is kept of a step.
const (
	maxNotes = 5       // releases
	maxTitle = 200     // bytes
	maxText  = 8 << 10 // bytes of one release's notes
)

// steps judges the releases of a repository by a step.
type steps struct {
	from, to pep440.Version
	names    []string // that a tag may begin with, normalised
}

// of is false if the versions of a step are none.
func of(repo Repository, step plan.Step) (s steps, ok bool) {
	var err1, err2 error
	s.from, err1 = public(step.From)
	s.to, err2 = public(step.To)
	s.names = []string{pep508.NormalizeName(step.Key), pep508.NormalizeName(repo.name())}
	return s, err1 == nil && err2 == nil
}

// public is a version without its local label, since tags have none.
func public(text string) (pep440.Version, error) {
	v, err := pep440.Parse(text)
	if err != nil || v.Local() == "" {
		return v, err
	}
	return pep440.Parse(v.Public())
}

// above reports whether a release may have older ones that count behind it in the list.
func (s steps) above(r gitlab.Release) bool {
	v, _, ok := s.version(r.Tag)
	return !ok || v.Compare(s.from) > 0
}

// between are the notes of the releases after the old version up to the new one. A pre-release
// counts only if it is the new version, and a release without notes not at all.
func (s steps) between(all []gitlab.Release) plan.ReleaseNotes {
	type one struct {
		version pep440.Version
		note    plan.ReleaseNote
	}
	var found []one
	for _, r := range all {
		v, spelled, ok := s.version(r.Tag)
		if !ok || v.Compare(s.from) <= 0 || v.Compare(s.to) > 0 || v.IsPrerelease() && !v.Equal(s.to) || strings.TrimSpace(r.Text) == "" {
			continue
		}
		if slices.ContainsFunc(found, func(o one) bool { return o.version.Equal(v) }) {
			continue
		}
		found = append(found, one{v, plan.ReleaseNote{Version: spelled, Title: s.title(r, spelled), At: r.At, Text: cut(r.Text, maxText)}})
	}
	slices.SortStableFunc(found, func(a, b one) int { return b.version.Compare(a.version) })
	out := plan.ReleaseNotes{State: plan.NotesRead, More: max(0, len(found)-maxNotes)}
	for _, f := range found[:len(found)-out.More] {
		out.Notes = append(out.Notes, f.note)
	}
	return out
}

// title is what the title of a release says beyond its version.
func (s steps) title(r gitlab.Release, spelled string) string {
	title := strings.TrimSpace(cut(r.Name, maxTitle))
	for _, known := range []string{r.Tag, spelled} {
		if rest, begins := strings.CutPrefix(title, known); begins && (rest == "" || strings.ContainsAny(rest[:1], " :-,(")) {
			title = strings.Trim(rest, " :-,")
		}
	}
	if _, _, is := s.version(title); is {
		return ""
	}
	return title
}

// cut shortens a text to so many bytes, and repairs it if it is not UTF-8.
func cut(s string, most int) string {
	if len(s) > most {
		s = s[:most]
		for !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]) && len(s) > most-utf8.UTFMax {
			s = s[:len(s)-1]
		}
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

var (
	parting = regexp.MustCompile(`[-_./@=+ ]+`)
	// common are the words that may stand before the version in a tag.
	common = []string{"", "v", "version", "ver", "r", "rel", "release", "releases", "tag", "tags", "stable"}
)

// version reads the version of a tag: v1.2, 1.2, release/1.2, name-1.2, name@v1.2. A tag that begins
// with anything else is of something else. spelled is the version as the tag has it.
func (s steps) version(tag string) (v pep440.Version, spelled string, ok bool) {
	if len(tag) > 200 {
		return v, "", false
	}
	for i := range len(tag) {
		if !digit(tag[i]) || i > 0 && (digit(tag[i-1]) || tag[i-1] == '.') {
			continue
		}
		v, err := pep440.Parse(tag[i:])
		if err == nil && s.named(tag[:i]) {
			return v, tag[i:], true
		}
	}
	return v, "", false
}

// named reports whether what stands before the version is a common word, a name, or both.
func (s steps) named(before string) bool {
	before = strings.ToLower(before)
	words := parting.Split(before, -1)
	// What is left between common words has to be a name, whatever it is made of.
	for len(words) > 0 && slices.Contains(common, words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	for len(words) > 0 && slices.Contains(common, words[0]) {
		words = words[1:]
	}
	name := strings.Join(words, "-")
	return name == "" || slices.Contains(s.names, name)
}

func digit(b byte) bool { return '0' <= b && b <= '9' }
