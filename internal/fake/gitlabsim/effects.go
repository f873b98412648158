package gitlabsim

import (
	"regexp"
	"slices"
	"strings"
)

// Effect is one thing that a text does, or shows, beyond its words: what
// GitLab obeys, follows, notifies, renders or hides.
type Effect struct {
	By      string // username of the author
	Project string
	Item    string // #iid, !iid, or the id of a commit
	Field   string // description, title, note, commit message
	Kind    EffectKind
	What    string // the words that do it
}

// EffectKind says what an effect is.
type EffectKind string

// The kinds of effects. Those from Heading on shape a page and reach nobody.
const (
	QuickAction EffectKind = "quick-action"
	Mention     EffectKind = "mention"
	Reference   EffectKind = "reference" // #1, !1, &1, $1, %1, ~label, GL-1, [issue:a/1]
	CommitRef   EffectKind = "commit"    // the beginning of the id of a commit that exists
	Closing     EffectKind = "closing"   // a keyword that closes at the merge
	SkipCI      EffectKind = "skip-ci"
	Link        EffectKind = "link" // [label](address)
	Autolink    EffectKind = "autolink"
	Image       EffectKind = "image"
	Element     EffectKind = "element" // an HTML tag, a declaration
	Hidden      EffectKind = "hidden"  // an HTML comment: markers are of them
	Diagram     EffectKind = "diagram" // mermaid and its like
	Math        EffectKind = "math"
	Emoji       EffectKind = "emoji"
	Task        EffectKind = "task"
	Invisible   EffectKind = "invisible" // bidi, control and other characters that show as nothing or turn others round

	Heading   EffectKind = "heading"
	Quote     EffectKind = "quote"
	Rule      EffectKind = "rule"
	Item      EffectKind = "list-item"
	Row       EffectKind = "row"   // of a table, with its number of cells
	Block     EffectKind = "block" // fenced code, [[_TOC_]], ::include, footnotes, definitions, front matter
	Emphasis  EffectKind = "emphasis"
	InlineDif EffectKind = "inline-diff"
)

// EffectsOf lists what a description or a comment does. Where two readings of
// GitLab's Markdown are possible it takes the one that does more: a backslash
// stops Markdown and no reference, closing keywords work in code as well.
func EffectsOf(text string) []Effect { return readEffects(text, nil) }

// TitleEffects lists what a title does: no Markdown but references and emoji.
func TitleEffects(text string) []Effect {
	r := &reading{}
	r.raw(text)
	r.words(text)
	return r.found
}

// MessageEffects lists what a commit's message does.
func MessageEffects(text string) []Effect { return readMessage(text, nil) }

var skipCI = lazy(`(?i)\[(?:skip[ _-]?ci|ci[ _-]?skip)\]`)

func readMessage(text string, known func(string) bool) []Effect {
	r := &reading{known: known}
	for _, m := range skipCI().FindAllString(text, -1) {
		r.note(SkipCI, m)
	}
	r.raw(text)
	r.words(text)
	return r.found
}

// Effects returns what the texts of a user did so far, oldest first; "" is
// every user. Texts are read when somebody asks, since most worlds never do.
func (s *Server) Effects(username string) []Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, read := range s.unread {
		read()
	}
	s.unread = nil
	var out []Effect
	for _, e := range s.effects {
		if username == "" || e.By == username {
			out = append(out, e)
		}
	}
	return out
}

// obey records the effects of a text that was just stored. What the text that
// it replaces did as well is not done again.
func (p *Project) obey(actor *user, item, field, text, old string) { //nolint:revive // who wrote what where, and what it replaces
	by, path := actor.username, p.path
	p.s.unread = append(p.s.unread, func() {
		before := p.effectsOf(field, old)
		for _, e := range p.effectsOf(field, text) {
			if i := slices.Index(before, e); i >= 0 && old != "" {
				before = slices.Delete(before, i, i+1)
				continue
			}
			e.By, e.Project, e.Item, e.Field = by, path, item, field
			p.s.effects = append(p.s.effects, e)
		}
	})
}

func (p *Project) effectsOf(field, text string) (found []Effect) {
	switch field {
	case "title":
		found = TitleEffects(text)
	case "commit message":
		found = readMessage(text, p.knownCommit)
	default:
		found = readEffects(text, p.knownCommit) // an address of this instance is among the autolinks
	}
	return found
}

// knownCommit reports whether an id of a commit begins so.
func (p *Project) knownCommit(prefix string) bool {
	for id := range p.repo.commits {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return false
}

// reading collects the effects of one text.
type reading struct {
	known func(string) bool // of commits; nil knows every one that has digits and letters
	found []Effect
}

func (r *reading) note(kind EffectKind, what string) {
	r.found = append(r.found, Effect{Kind: kind, What: what})
}

// keys are what an issue tracker beside GitLab closes, and GitLab's own GL-1.
var keys = lazy(`(?i:\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?)):?\s+(?i:issues?\s+)?[A-Z][A-Z0-9_]*-\d+`)

// raw finds what no Markdown protects from.
func (r *reading) raw(text string) {
	for _, pattern := range []*regexp.Regexp{closing(), keys()} {
		for _, m := range pattern.FindAllString(text, -1) {
			r.note(Closing, m)
		}
	}
	for _, c := range text {
		if c < ' ' && c != '\n' && c != '\t' || c >= 0x7f && c < 0xa0 || turns(c) {
			r.note(Invisible, string(c))
		}
	}
}

// turns reports characters that show as nothing or turn others round. The
// zero width space is left out: it parts what must not be read as one.
func turns(c rune) bool {
	return c >= 0x200c && c <= 0x200f || c >= 0x202a && c <= 0x202e || c >= 0x2060 && c <= 0x206f ||
		slices.Contains([]rune{0xad, 0x61c, 0x115f, 0x1160, 0x180e, 0x2028, 0x2029, 0x3164, 0xfeff, 0xffa0}, c) ||
		c >= 0xfe00 && c <= 0xfe0f || c >= 0xe0000 && c <= 0xe0fff
}
