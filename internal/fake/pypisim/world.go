package pypisim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// A world is text, one statement a line, "#" begins a comment:
//
//	NAME VERSION TIME [py>=3.8] [yanked[="reason"]] [files=py3-none-any,sdist] [made-up]
//	     [requires="urllib3<2.1; python_version < '3.10'"] [extra=NAME] [metadata=SWITCH,SWITCH]
//	     [link="LABEL, ADDRESS"] [home=ADDRESS]
//	file NAME VERSION TIME TAGS|sdist [py>=3.8] [made-up] [requires=...] [extra=...] [metadata=...]
//	project NAME [status=STATUS] [reason="..."] [no-upload-times] [no-hashes] [no-versions] [no-serials]
//	yank NAME VERSION TIME ["reason"]
//	remove NAME VERSION|* TIME
//	status NAME STATUS TIME ["reason"]
//
// The first form releases a version with a wheel and a source distribution;
// files= names wheel tags and sdist, or is "none" for a version without files.
// "file" adds one to a release. Each requires= is one line of the metadata and
// each extra= one extra it provides, each link= a Project-URL; there may be many of
// these. home= is its Home-page. Quote a
// requirement always: outside of quotes brackets fall away. metadata= tells how
// the metadata can be had, see Switch. A release that says nothing of all this
// requires nothing. A "file" that says nothing has the metadata of its release;
// requires="" makes it one without requirements. TIME is RFC 3339, with or without seconds, or a
// date. "made-up" says that the line is no record of the real index; it changes
// nothing. A removed project is unknown to the index; a quarantined one loses
// its files and versions while it is (PEP 792).

// event is one statement: something that is so from an instant on.
type event struct {
	kind    eventKind
	at      time.Time
	name    string // normalised
	version string
	python  string
	tags    []string // of the files; "sdist" among them
	yanked  bool
	text    string // reason of a yank or a status
	status  string
	core    core
}

type eventKind string

const (
	release   eventKind = "release"
	addFile   eventKind = "file"
	yank      eventKind = "yank"
	remove    eventKind = "remove"
	setStatus eventKind = "status"
	project   eventKind = "project"
)

// features are what a project's page lacks.
type features struct {
	noTimes, noHashes, noVersions, noSerials bool
}

// parseLine reads one statement; ok is false for a blank line or a comment.
func parseLine(line string) (e event, f features, ok bool, err error) {
	words, err := split(line)
	if err != nil || len(words) == 0 {
		return e, f, false, err
	}
	switch eventKind(words[0]) {
	case project:
		err = e.parseProject(&f, words[1:])
	case yank:
		err = e.parseEvent(yank, words[1:])
	case remove:
		err = e.parseEvent(remove, words[1:])
	case setStatus:
		err = e.parseEvent(setStatus, words[1:])
	case addFile:
		err = e.parseFile(words[1:])
	default:
		err = e.parseRelease(words)
	}
	return e, f, err == nil, err
}

func (e *event) parseRelease(words []string) error {
	if len(words) < 3 {
		return fmt.Errorf("want NAME VERSION TIME, have %q", strings.Join(words, " "))
	}
	e.kind, e.tags = release, []string{"py3-none-any", "sdist"}
	if err := e.subject(words); err != nil {
		return err
	}
	err := e.options(words[3:])
	if !slices.ContainsFunc(e.tags, func(t string) bool { return t != sdist }) {
		e.core.told = true // only the file itself tells, so it has to be true
	}
	return err
}

func (e *event) parseFile(words []string) error {
	if len(words) < 4 {
		return fmt.Errorf("want file NAME VERSION TIME TAGS")
	}
	e.kind, e.tags = addFile, []string{words[3]}
	if err := e.subject(words); err != nil {
		return err
	}
	return e.options(words[4:])
}

// options reads what may follow a release or a file.
func (e *event) options(words []string) error {
	for _, word := range words {
		key, value, has := strings.Cut(word, "=")
		switch {
		case word == "made-up":
		case word == "yanked", has && key == "yanked":
			e.yanked, e.text = true, value
		case word == "files=none":
			e.tags = nil
		case has && e.core.option(key, value):
			if err := e.core.check(); err != nil {
				return err
			}
		case has && key == "files":
			e.tags = strings.Split(value, ",")
		case len(word) > 3 && strings.HasPrefix(word, "py") && strings.ContainsRune("<>=!~", rune(word[2])):
			e.python = word[2:]
		default:
			return fmt.Errorf("unknown word %q", word)
		}
	}
	return nil
}

func (e *event) parseEvent(kind eventKind, words []string) error {
	if len(words) < 3 || len(words) > 4 {
		return fmt.Errorf("want %s NAME WHAT TIME [REASON]", kind)
	}
	e.kind = kind
	if err := e.subject(words); err != nil {
		return err
	}
	if kind == setStatus {
		e.status, e.version = e.version, ""
	}
	if len(words) == 4 {
		e.text = words[3]
	}
	return nil
}

func (e *event) parseProject(f *features, words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("want project NAME")
	}
	e.kind, e.name = project, pep508.NormalizeName(words[0])
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "status":
			e.status = value
		case "reason":
			e.text = value
		case "no-upload-times":
			f.noTimes = true
		case "no-hashes":
			f.noHashes = true
		case "no-versions":
			f.noVersions = true
		case "no-serials":
			f.noSerials = true
		case "made-up":
		default:
			return fmt.Errorf("unknown word %q", word)
		}
	}
	return nil
}

// subject reads NAME VERSION TIME.
func (e *event) subject(words []string) (err error) {
	if !pep508.ValidName(words[0]) {
		return fmt.Errorf("%q is no project's name", words[0])
	}
	e.name, e.version = pep508.NormalizeName(words[0]), words[1]
	e.at, err = parseTime(words[2])
	return err
}

func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 2026-01-02T15:04Z", s)
}

// split cuts a line into words; double quotes hold blanks together, and
// brackets around a word, as documentation writes them, fall away.
func split(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	flush := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range line {
		switch {
		case r == '"':
			quoted, begun = !quoted, true
		case quoted:
			word.WriteRune(r)
		case r == '#' && !begun:
			flush()
			return words, nil
		case r == ' ' || r == '\t' || r == '\r':
			flush()
		case r == '[' || r == ']':
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("a quotation mark is missing in %q", line)
	}
	flush()
	return words, nil
}
