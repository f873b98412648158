package plan

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/constraints"
)

// This file says what of another bot's is taken over. Nothing of a person's may be lost with
// that: so it is judged by who GitLab says made it, and by what it changes.

// Adoption names another bot, whose dashboard, branches and merge requests become
// pinwheel's. The zero value names none.
type Adoption struct {
	Prefix  string   // of its branches, and of ours from then on
	Authors []string // its usernames, and the names and addresses that its commits show
}

// On reports whether there is another bot.
func (a Adoption) On() bool { return len(a.Authors) > 0 }

// Is reports whether a user of GitLab is the other bot. The display name does not count,
// since anybody may take it.
func (a Adoption) Is(u User) bool {
	return u.Username != "" && slices.ContainsFunc(a.Authors, func(name string) bool { return strings.EqualFold(name, u.Username) })
}

// Wrote reports whether a commit is the other bot's: its author is, and nobody else made it
// anew. opened is who opened the merge request of its branch; if that is the bot, its
// commits may show the user's name.
func (a Adoption) Wrote(c Commit, opened User) bool {
	names := a.Authors
	if a.Is(opened) {
		names = append(slices.Clip(names), opened.Name)
	}
	is := func(name string) bool { return name != "" && slices.Contains(names, name) }
	return (is(c.AuthorName) || is(c.AuthorEmail)) && (c.CommitterName == c.AuthorName || is(c.CommitterName))
}

// Rival is another bot that was seen at work after pinwheel took over from it. The zero
// value is none.
type Rival struct {
	Who string
	Did string // the last thing, in words
	At  time.Time
}

// Difference is what a branch changes in one file, as git shows it.
type Difference struct {
	Path  string
	Text  string // hunks, with lines around them
	Plain bool   // the file has the same name and mode before and after it
}

// Left says why a branch of another bot is not taken over. The zero value says nothing.
type Left struct {
	Why  LeftWhy
	What string // the path or the author that the reason is about
}

// LeftWhy is a reason for which a branch stays as it is.
type LeftWhy string

// The reasons.
const (
	LeftCommits LeftWhy = "commits" // it holds commits that are not the bot's
	LeftOpened  LeftWhy = "opened"  // somebody else opened its merge request
	LeftFiles   LeftWhy = "files"   // it changes other files as well
	LeftOthers  LeftWhy = "others"  // it changes none of ours: it is about something else
	LeftLines   LeftWhy = "lines"   // it changes more of a file than versions
	LeftUnshown LeftWhy = "unshown" // GitLab does not show what it changes
)

const leftTrailer = trailer + "Left: "

// Text is what is stored of it in place of a commit's message.
func (l Left) Text() string { return leftTrailer + string(l.Why) + " " + l.What }

// ParseLeft reads what Text wrote; the zero Left for any other text.
func ParseLeft(message string) Left {
	rest, ok := strings.CutPrefix(message, leftTrailer)
	if !ok {
		return Left{}
	}
	why, what, _ := strings.Cut(rest, " ")
	return Left{LeftWhy(why), what}
}

// AdoptedFrom reads the change of another bot's commit as trailers of ours. Everything that
// it changes has to be the versions of pins, and whatever of derived files follows from that.
// Otherwise left says why the branch stays as it is.
func AdoptedFrom(branch string, head Commit, patches []Difference, files []FilePolicy) (t Trailers, left Left) {
	t = Trailers{Why: CauseAdopted, At: head.At.UTC(), Adopted: true, Base: strings.Join(head.Parents, " ")}
	var changed []FileChange
	others := Left{}
	for _, p := range patches {
		ours, derived := managed(p.Path, files)
		if !ours && !derived {
			others = Left{LeftFiles, p.Path}
			continue
		}
		if !p.Plain {
			return Trailers{}, Left{LeftLines, p.Path}
		}
		hunks := hunksIn(p.Text)
		if len(hunks) == 0 {
			return Trailers{}, Left{LeftUnshown, p.Path}
		}
		t.Paths = append(t.Paths, p.Path)
		changed = append(changed, pieced(p.Path, hunks))
		if derived {
			continue
		}
		moves, ok := movesIn(p.Path, hunks)
		if !ok {
			return Trailers{}, Left{LeftLines, p.Path}
		}
		for _, m := range moves {
			if !slices.ContainsFunc(t.Moves, func(o Move) bool { return o.Key == m.Key && o.From == m.From && o.To == m.To }) {
				t.Moves = append(t.Moves, m)
			}
		}
	}
	switch {
	case len(t.Paths) == 0:
		return Trailers{}, Left{Why: LeftOthers, What: others.What}
	case others.Why != "":
		return Trailers{}, others
	case len(t.Moves) == 0:
		return Trailers{}, Left{LeftLines, t.Paths[0]}
	}
	slices.Sort(t.Paths)
	t.Digest = ChangeDigest(branch, changed)
	return t, Left{}
}

// managed reports whether a path is a constraints file or one that is derived from it.
func managed(path string, files []FilePolicy) (pins, derived bool) {
	for _, f := range files {
		pins = pins || f.Path == path
		derived = derived || f.Derived != nil && f.Derived.Path == path
	}
	return pins, derived
}

// piece is a part of a file before and after a change.
type piece struct{ before, after string }

// hunksIn reads a unified diff, nil if it is none.
func hunksIn(text string) []piece {
	var out []piece
	last := byte(' ')
	for line := range strings.Lines(text) {
		mark, rest := line[0], line[1:]
		if len(out) == 0 && mark != '@' {
			continue // the names of the file
		}
		switch mark {
		case '@':
			out = append(out, piece{})
			continue
		case '\\': // the line before has no newline
			p := &out[len(out)-1]
			if last == '-' || last == ' ' {
				p.before = strings.TrimSuffix(p.before, "\n")
			}
			if last == '+' || last == ' ' {
				p.after = strings.TrimSuffix(p.after, "\n")
			}
			continue
		}
		p := &out[len(out)-1]
		switch mark {
		case '-':
			p.before += rest
		case '+':
			p.after += rest
		case ' ':
			p.before, p.after = p.before+rest, p.after+rest
		case '\n':
			p.before, p.after = p.before+line, p.after+line
		default:
			return nil
		}
		last = mark
	}
	return out
}

// pieced is a file of the parts that are known of it. Its digest is that of the whole
// file, as long as the lines of the change stand in it once.
func pieced(path string, hunks []piece) FileChange {
	var before, after strings.Builder
	for _, p := range hunks {
		before.WriteString(p.before)
		after.WriteString(p.after)
	}
	return FileChange{Path: path, Before: []byte(before.String()), Content: []byte(after.String())}
}

// hashText is a digest behind a pin, with what parts it from the pin, and cutOff what is left
// of a line that goes on beyond the part that is known.
var (
	hashText = regexp.MustCompile(`[ \t]*(?:\\\r?\n)?[ \t]*--hash[= ][A-Za-z0-9]+:[0-9A-Fa-f]+`)
	cutOff   = regexp.MustCompile(`[ \t]*\\\s*$`)
)

// movesIn are the steps of a change. ok is false if it changes anything but the versions of
// pins and their digests.
func movesIn(path string, hunks []piece) (moves []Move, ok bool) {
	bare := func(text string) []byte {
		return []byte(cutOff.ReplaceAllString(hashText.ReplaceAllString(text, ""), "\n"))
	}
	for _, p := range hunks {
		before, err := constraints.Parse(path, bare(p.before))
		if err != nil {
			return nil, false
		}
		after, err := constraints.Parse(path, bare(p.after))
		if err != nil || len(after.Pins) != len(before.Pins) {
			return nil, false
		}
		var edits []constraints.Edit
		for i, from := range before.Pins {
			to := after.Pins[i]
			if to.Key != from.Key || to.MarkerText != from.MarkerText {
				return nil, false
			}
			if to.Version.Compare(from.Version) != 0 {
				edits = append(edits, constraints.Edit{Pin: i, Version: to.Version.String()})
				moves = append(moves, Move{Key: from.Key, From: from.Version.String(), To: to.Version.String()})
			}
		}
		made, err := before.Apply(edits)
		if err != nil || string(made) != string(after.Data) {
			return nil, false
		}
	}
	return moves, true
}
