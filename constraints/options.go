package constraints

import (
	"fmt"
	"slices"
	"strings"
)

// word is one word of an option string, unquoted, and its place.
type word struct {
	value      string
	start, end int
}

// splitWords splits s as Python's shlex.split does: with quotes, and with a backslash that quotes
// the next character. If a quote is not closed, it returns a reason. Positions are counted from
// base.
func splitWords(s string, base int) (words []word, reason string) {
	for i := 0; i < len(s); {
		if isBlank(s[i]) {
			i++
			continue
		}
		w := word{start: base + i}
		var value strings.Builder
		for i < len(s) && !isBlank(s[i]) {
			n, why := quoted(s[i:], &value)
			if why != "" {
				return nil, why
			}
			i += n
		}
		w.value, w.end = value.String(), base+i
		words = append(words, w)
	}
	return words, ""
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

// quoted appends the next character, or quoted run, of a word to value and
// returns how many bytes it took.
func quoted(s string, value *strings.Builder) (n int, reason string) {
	switch s[0] {
	case '\'':
		end := strings.IndexByte(s[1:], '\'')
		if end < 0 {
			return 0, "a quote is not closed"
		}
		value.WriteString(s[1 : 1+end])
		return end + 2, ""
	case '"':
		for i := 1; i < len(s); i++ {
			switch {
			case s[i] == '"':
				return i + 1, ""
			case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
				i++
			}
			value.WriteByte(s[i])
		}
		return 0, "a quote is not closed"
	case '\\':
		if len(s) == 1 {
			return 0, "nothing follows the last backslash"
		}
		value.WriteByte(s[1])
		return 2, ""
	}
	value.WriteByte(s[0])
	return 1, ""
}

// option is one option of a line, under its long name.
type option struct {
	name, value string
	start, end  int
	// words is the range of words that it takes.
	first, last int
}

// optionSpec is one option that pip 26.2 knows in a requirement file. The
// choices of --use-feature are not checked: they change with every pip.
type optionSpec struct {
	name  string
	alias []string
	value bool
}

var optionSpecs = []optionSpec{
	{"--index-url", []string{"-i", "--pypi-url"}, true},
	{"--extra-index-url", nil, true},
	{"--no-index", nil, false},
	{"--constraint", []string{"-c"}, true},
	{"--requirement", []string{"-r"}, true},
	{"--editable", []string{"-e"}, true},
	{"--find-links", []string{"-f"}, true},
	{"--no-binary", nil, true},
	{"--only-binary", nil, true},
	{"--all-releases", nil, true},
	{"--only-final", nil, true},
	{"--prefer-binary", nil, false},
	{"--require-hashes", nil, false},
	{"--no-require-hashes", nil, false},
	{"--pre", nil, false},
	{"--trusted-host", nil, true},
	{"--use-feature", nil, true},
	{"--hash", nil, true},
	{"--config-settings", []string{"-C", "--config-setting"}, true},
}

// parseOptions reads words as pip's option parser does: with values after "=" or in the next word,
// with shortened long names, and skipping what is no option. If pip refuses a word, it returns a
// reason.
func parseOptions(words []word, use Use) (opts []option, reason string) {
	for i := 0; i < len(words); i++ {
		w := words[i]
		if w.value == "--" {
			break
		}
		if len(w.value) < 2 || w.value[0] != '-' {
			continue
		}
		name, value, joined := w.value[:2], w.value[2:], len(w.value) > 2
		if strings.HasPrefix(w.value, "--") {
			name, value, joined = strings.Cut(w.value, "=")
		}
		spec, why := findOption(name, use)
		if why != "" {
			return nil, why
		}
		o := option{name: spec.name, value: value, start: w.start, end: w.end, first: i, last: i}
		switch {
		case spec.value && !joined:
			if i++; i == len(words) {
				return nil, name + " needs a value"
			}
			o.value, o.end, o.last = words[i].value, words[i].end, i
		case joined && !spec.value:
			return nil, name + " takes no value"
		}
		if why := checkOption(o); why != "" {
			return nil, why
		}
		opts = append(opts, o)
	}
	return opts, ""
}

func findOption(name string, use Use) (optionSpec, string) {
	var matches []string
	var found optionSpec
	for _, s := range optionSpecs {
		for _, n := range append([]string{s.name}, s.alias...) {
			if n == name {
				return s, ""
			}
			if strings.HasPrefix(name, "--") && strings.HasPrefix(n, name) {
				matches, found = append(matches, n), s
			}
		}
	}
	switch len(matches) {
	case 0:
		return found, fmt.Sprintf("pip knows no option %s in a %s file", name, use)
	case 1:
		return found, ""
	}
	slices.Sort(matches)
	return found, fmt.Sprintf("%s could be %s", name, strings.Join(matches, " or "))
}

func checkOption(o option) string {
	switch o.name {
	case "--hash":
		algorithm, _, ok := strings.Cut(o.value, ":")
		if !ok || !slices.Contains([]string{"sha256", "sha384", "sha512"}, algorithm) {
			return fmt.Sprintf("--hash needs sha256:, sha384: or sha512: and a digest, not %q", o.value)
		}
	case "--config-settings":
		if !strings.Contains(o.value, "=") {
			return fmt.Sprintf("--config-settings needs KEY=VALUE, not %q", o.value)
		}
	case "--no-binary", "--only-binary":
		if strings.HasPrefix(o.value, "-") {
			return o.name + " needs a value"
		}
	}
	return ""
}
