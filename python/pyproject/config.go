package pyproject

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// readConfig reads the declarative part of a setup.cfg.
// https://setuptools.pypa.io/en/latest/userguide/declarative_config.html
func readConfig(data []byte) (*source, error) {
	c, err := parseConfig(data)
	if err != nil {
		return nil, err
	}
	options, ok := c["options"]
	if !ok {
		return nil, &Error{Reason: "it has no [options] section, so its requirements stand in setup.py, which is not executed", Next: instead}
	}
	s := &source{name: c.text("metadata", "name"), requiresPython: c.text("options", "python_requires"), extras: map[string][]line{}, refused: map[string]error{}}
	if s.dependencies, err = options["install_requires"].requirements("install_requires"); err != nil {
		return nil, err
	}
	const section = "options.extras_require"
	for _, name := range slices.Sorted(maps.Keys(c[section])) {
		v := c[section][name]
		normal := pep508.NormalizeName(name)
		if _, twice := s.extras[normal]; twice || !pep508.ValidName(name) {
			return nil, &Error{Line: v.number(), Reason: quote(name) + " is not the name of an extra, or there twice", Next: "correct it, or " + instead}
		}
		if s.extras[normal], err = v.requirements("the extra " + name); err != nil {
			s.refused[normal] = err
		}
	}
	return s, nil
}

// sections are the options of a configuration file by section.
type sections map[string]map[string]value

// value is the lines of an option's value, without white space around them. The first one is on the
// line of the option.
type value []line

func (v value) number() int {
	if len(v) == 0 {
		return 0
	}
	return v[0].number
}

// text returns a value of one line, which may be below its option, and nothing for one of several
// lines.
func (c sections) text(section, key string) string {
	text := strings.TrimSpace(c[section][key].joined())
	if strings.Contains(text, "\n") {
		return ""
	}
	return text
}

// trimmed leaves out the empty lines at the end.
func (v value) trimmed() value {
	for len(v) > 0 && v[len(v)-1].text == "" {
		v = v[:len(v)-1]
	}
	return v
}

// requirements reads a list as setuptools does: one on each line, or if there is only one line,
// separated by semicolons.
func (v value) requirements(key string) ([]line, error) {
	v = v.trimmed()
	if len(v) > 0 && strings.HasPrefix(strings.TrimSpace(v.joined()), "file:") {
		return nil, &Error{Line: v.number(), Reason: key + " names another file (file:), which is not followed", Next: instead}
	}
	if len(v) == 1 {
		var parts value
		for part := range strings.SplitSeq(v[0].text, ";") {
			parts = append(parts, line{strings.TrimSpace(part), v[0].number})
		}
		v = parts
	}
	var out []line
	for _, l := range v {
		if l.text != "" && !strings.HasPrefix(l.text, "#") {
			out = append(out, l)
		}
	}
	return out, nil
}

func (v value) joined() string {
	var b strings.Builder
	for _, l := range v {
		b.WriteString(l.text + "\n")
	}
	return b.String()
}

var (
	sectionLine = regexp.MustCompile(`^\[(.+)\]`)
	optionLine  = regexp.MustCompile(`^(.*?)\s*[=:]\s*(.*)$`)
)

// parseConfig reads a file as Python's configparser.RawConfigParser does, with
// the names of options as written but in [metadata] and [options], where
// setuptools takes capitals and dashes for another spelling.
// https://docs.python.org/3/library/configparser.html#supported-ini-file-structure
func parseConfig(data []byte) (sections, error) {
	if !utf8.Valid(data) {
		return nil, &Error{Reason: "it is not UTF-8", Next: "save it as UTF-8"}
	}
	c := sections{}
	var section, option string
	depth := 0
	for n, raw := range splitLines(string(data)) {
		text := strings.TrimFunc(raw, isSpace)
		fail := func(reason string) (sections, error) {
			return nil, &Error{Line: n + 1, Reason: reason, Next: "correct it"}
		}
		switch {
		case text == "":
			c.extend(section, option, line{"", n + 1})
			continue
		case text[0] == '#' || text[0] == ';':
			continue
		}
		at := indent(raw)
		if option != "" && at > depth {
			c.extend(section, option, line{text, n + 1})
			continue
		}
		depth = at
		if m := sectionLine.FindStringSubmatch(text); m != nil {
			section, option = m[1], ""
			if !c.open(section) {
				return fail("the section [" + section + "] is there twice")
			}
			continue
		}
		m := optionLine.FindStringSubmatch(text)
		switch {
		case section == "":
			return fail("the line stands before any section")
		case m == nil || m[1] == "":
			return fail(fmt.Sprintf("%s is neither a section nor an option", quote(text)))
		}
		option = spelled(section, m[1])
		if _, twice := c[section][option]; twice {
			return fail(option + " is there twice")
		}
		c[section][option] = value{{m[2], n + 1}}
	}
	return c, nil
}

// indent counts the blanks that a line begins with.
func indent(raw string) int {
	return utf8.RuneCountInString(raw) - utf8.RuneCountInString(strings.TrimLeftFunc(raw, isSpace))
}

// extend adds a line to an option. A line before the first option is dropped.
func (c sections) extend(section, option string, l line) {
	if option != "" {
		c[section][option] = append(c[section][option], l)
	}
}

// open begins a section, and reports whether that is permitted: only [DEFAULT] may begin twice.
func (c sections) open(section string) bool {
	if _, twice := c[section]; twice {
		return section == "DEFAULT"
	}
	c[section] = map[string]value{}
	return true
}

func spelled(section, option string) string {
	if section != "metadata" && section != "options" {
		return option
	}
	return strings.ReplaceAll(strings.ToLower(option), "-", "_")
}

// splitLines splits a text into lines as Python's text files do.
func splitLines(text string) []string {
	return strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")
}

// isSpace reports whether Python's str.strip takes the character off.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
