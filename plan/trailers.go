package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Trailers is what a commit of ours says of itself in its last paragraph.
type Trailers struct {
	Base    string       // the commit of the default branch it was made on
	Digest  string       // ChangeDigest of Paths, or ContentDigest in what earlier versions wrote
	Paths   []string     // the files it changed
	Moves   []Move       // Key, From, To
	Lines   []LineChange // Key, Version, Removed, and File where it is not the first path
	Why     Cause
	By      string // the username that forced it
	At      time.Time
	Request string // the tick it carried out, or a commit before it did
	Ticked  bool   // somebody asked for this very commit
	Parts   Parts  // of a batch: what is tested together
	Breaks  *Break // of an update that was proven to break tests
	Probe   string // of a probe: the commit of the batch of which it tests a part
	Adopted bool   // another bot made the commit; this was read from its change
}

const trailer = "Pinwheel-"

// CommitMessage writes subject, one line a move, and the trailers. It holds
// generated text only: names and versions that passed PEP 508 and PEP 440, and
// what else people wrote percent-encoded. subject is never a title that a
// person gave.
func CommitMessage(subject string, t Trailers) string {
	var b strings.Builder
	b.WriteString(subject + "\n\n")
	for _, m := range t.Moves {
		fmt.Fprintf(&b, "%s %s -> %s\n", m.Key, Parted(m.From), Parted(m.To))
	}
	for _, l := range t.Lines {
		if l.Removed {
			fmt.Fprintf(&b, "%s removed\n", l.Key)
		} else {
			fmt.Fprintf(&b, "%s %s added\n", l.Key, Parted(l.Version))
		}
	}
	if len(t.Moves)+len(t.Lines) > 0 {
		b.WriteString("\n")
	}
	line := func(key, value string) {
		if value != "" {
			b.WriteString(trailer + key + ": " + value + "\n")
		}
	}
	paths := make([]string, len(t.Paths))
	for i, p := range t.Paths {
		paths[i] = escapePath(p)
	}
	line("Base", t.Base)
	line("Digest", t.Digest)
	line("Paths", strings.Join(paths, " "))
	line("Moves", MovesText(t.Moves))
	line("Lines", LinesText(t.Lines))
	line("Why", string(t.Why))
	line("By", url.QueryEscape(t.By))
	line("At", t.At.UTC().Format(time.RFC3339))
	line("Request", url.QueryEscape(t.Request))
	if t.Ticked {
		line("Ticked", "yes")
	}
	line("Parts", t.Parts.Text())
	line("Probe", t.Probe)
	line("Breaks", t.Breaks.text())
	if t.Adopted {
		line("Adopted", "yes")
	}
	return b.String()
}

// ParseTrailers reads what CommitMessage wrote. ok is false without a base
// and a digest; unknown trailers are passed over.
func ParseTrailers(message string) (t Trailers, ok bool) {
	for line := range strings.SplitSeq(message, "\n") {
		key, value, found := strings.Cut(strings.TrimRight(line, "\r"), ": ")
		if !found || !strings.HasPrefix(key, trailer) {
			continue
		}
		switch strings.TrimPrefix(key, trailer) {
		case "Base":
			t.Base = value
		case "Digest":
			t.Digest = value
		case "Paths":
			t.Paths = nil
			for p := range strings.FieldsSeq(value) {
				t.Paths = append(t.Paths, unescape(p))
			}
		case "Moves":
			t.Moves = parseMoves(value)
		case "Lines":
			t.Lines = parseLines(value)
		case "Why":
			t.Why = Cause(value)
		case "By":
			t.By = unescape(value)
		case "At":
			t.At, _ = time.Parse(time.RFC3339, value)
		case "Request":
			t.Request = unescape(value)
		case "Ticked":
			t.Ticked = value == "yes"
		case "Parts":
			t.Parts = parseParts(value)
		case "Breaks":
			t.Breaks = parseBreak(unescape(value))
		case "Probe":
			t.Probe = value
		case "Adopted":
			t.Adopted = value == "yes"
		}
	}
	return t, t.Base != "" && t.Digest != ""
}

// Unsigned is a message of ours without what it says of who asked, and for which request.
func Unsigned(message string) string {
	var b strings.Builder
	for line := range strings.Lines(message) {
		key, _, _ := strings.Cut(line, ": ")
		if key != trailer+"By" && key != trailer+"Request" && key != trailer+"Ticked" {
			b.WriteString(line)
		}
	}
	return b.String()
}

// Signed reports whether a commit says who asked for it, or for which request it is.
func (t Trailers) Signed() bool { return t.By != "" || t.Request != "" || t.Ticked }

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// mark and unmark write a version's epoch so that no reference is in it.
func mark(version string) string { return strings.ReplaceAll(version, "!", ";") }

func unmark(version string) string { return strings.ReplaceAll(version, ";", "!") }

// escapePath percent-encodes a path but for its slashes: %2Fa is a milestone's
// reference.
func escapePath(path string) string { return strings.ReplaceAll(url.QueryEscape(path), "%2F", "/") }

// MovesText is the machine's form of moves: key:from:to, each once.
func MovesText(moves []Move) string {
	var out []string
	seen := map[string]bool{}
	for _, m := range moves {
		s := m.Key + ":" + mark(m.From) + ":" + mark(m.To)
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}

func parseMoves(s string) []Move {
	var moves []Move
	for f := range strings.FieldsSeq(s) {
		if p := strings.SplitN(f, ":", 3); len(p) == 3 {
			moves = append(moves, Move{Key: p[0], Name: p[0], From: unmark(p[1]), To: unmark(p[2])})
		}
	}
	return moves
}

// LinesText is the machine's form of added and removed lines:
// +key:version:file and -key:version:file.
func LinesText(lines []LineChange) string {
	var out []string
	for _, l := range lines {
		sign := "+"
		if l.Removed {
			sign = "-"
		}
		out = append(out, sign+l.Key+":"+mark(l.Version)+":"+escapePath(l.File))
	}
	return strings.Join(out, " ")
}

func parseLines(s string) []LineChange {
	var lines []LineChange
	for f := range strings.FieldsSeq(s) {
		if p := strings.SplitN(f[1:], ":", 3); len(p) == 3 && (f[0] == '+' || f[0] == '-') {
			lines = append(lines, LineChange{Key: p[0], Name: p[0], Version: unmark(p[1]), File: unescape(p[2]), Removed: f[0] == '-'})
		}
	}
	return lines
}

// ContentDigest is version 1 of the digest, which is still read: SHA-256 over the branch's
// name, the commit it stands on, and each file's path and bytes, sorted by
// path, every part preceded by its length.
func ContentDigest(branch, base string, files []FileChange) string {
	h := sha256.New()
	part := func(b string) { h.Write([]byte(strconv.Itoa(len(b)) + ":" + b)) }
	part(branch)
	part(base)
	sorted := append([]FileChange(nil), files...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].Path < sorted[j].Path })
	for _, f := range sorted {
		part(f.Path)
		part(string(f.Content))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TextDigest names what a description must say; it changes when the plan for
// the branch does and never because time passes.
func TextDigest(t Trailers, clash string, gates ...GateVerdict) string {
	parts := []string{MovesText(t.Moves), string(t.Why), t.By, t.At.UTC().Format(time.RFC3339), t.Request}
	if len(t.Lines) > 0 || clash != "" {
		parts = append(parts, LinesText(t.Lines), clash)
	}
	for _, v := range gates {
		parts = append(parts, "gate", v.Gate, Markdown(v.Why), v.URL, v.Main)
	}
	h := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(h[:8])
}
