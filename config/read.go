package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// reader walks a YAML tree and collects its errors. A method that finds an error notes it and
// returns the zero value. The result of a file with errors is never used.
type reader struct {
	path  string
	short string // path as the dashboard writes it
	own   bool   // the file is a project's own
	errs  Errors
	// sections are the keys of each mapping that was read, of which the schema and
	// the table of docs/config.md are made.
	sections map[string][]field
}

// field is one key of a mapping, declared in this one place: what reads it, and what
// is said of it elsewhere.
type field struct {
	key      string
	required bool
	unless   string // keys beside one of which it is not required, with blanks between them
	example  string // a value for one that is required
	says     says
	read     func(n *yaml.Node, at string)
}

func (r *reader) fail(n *yaml.Node, at, format string, args ...any) {
	r.errs = append(r.errs, Error{Path: r.path, Line: n.Line, Key: at, Text: fmt.Sprintf(format, args...)})
}

var element = regexp.MustCompile(`\[\d+\]`)

// mapping reads the keys of n in the order of the file.
func (r *reader) mapping(n *yaml.Node, at string, fields []field) {
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.key
	}
	r.sections[element.ReplaceAllString(at, "[]")] = fields
	n = target(n)
	if n.Kind != yaml.MappingNode {
		r.fail(n, at, "%s: write a key and its value below it; its keys are %s", not(n, "a mapping"), listed(known))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], target(n.Content[i+1])
		name := target(key).Value
		if first, twice := seen[name]; twice {
			r.fail(key, below(at, name), "the key is there already, at line %d: keep one of the two", first)
			continue
		}
		seen[name] = key.Line
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == name })
		switch {
		case i < 0:
			r.unknown(key, at, name, known)
		case value.ShortTag() == "!!null" && fields[i].required:
			r.fail(key, below(at, name), "the key has no value: write one, such as %s: %s", name, fields[i].example)
		case value.ShortTag() == "!!null":
			r.fail(key, below(at, name), "the key has no value: give it one or remove the line")
		default:
			fields[i].read(value, below(at, name))
		}
	}
	for _, f := range fields {
		_, ok := seen[f.key]
		instead := slices.ContainsFunc(strings.Fields(f.unless), func(key string) bool { return seen[key] > 0 })
		if f.required && !ok && !instead {
			r.missing(n, at, f)
		}
	}
}

func (r *reader) unknown(key *yaml.Node, at, name string, known []string) {
	switch best := closest(name, known); {
	case name == "<<":
		r.fail(key, at, "merge keys are not read here: use the top-level defaults")
	case advised(below(at, name)) != "":
		r.fail(key, below(at, name), "%s", advised(below(at, name)))
	case r.own && at == "" && r.operatorsKey(name):
		r.fail(key, name, "this key stands only in the operator's pinwheel.yaml: remove it")
	case best != "":
		r.fail(key, below(at, name), "unknown key, did you mean %s?", best)
	case len(known) > fewKeys:
		r.fail(key, below(at, name), "unknown key; docs/config.md lists the keys")
	default:
		r.fail(key, below(at, name), "unknown key: known here are %s", strings.Join(known, ", "))
	}
}

// missing says that a required key is, and the line to write.
func (r *reader) missing(n *yaml.Node, at string, f field) {
	r.fail(n, below(at, f.key), "the key is missing: add it, such as %s: %s", f.key, f.example)
}

// fewKeys are as many keys as a message lists.
const fewKeys = 8

// listed are the keys of a mapping as a message names them.
func listed(known []string) string {
	if len(known) > fewKeys {
		return "that docs/config.md lists"
	}
	return strings.Join(known, ", ")
}

// operatorsKey reports whether a key that a project's own file lacks is one of the
// operator's file.
func (r *reader) operatorsKey(name string) bool {
	return name == "path" || slices.ContainsFunc(r.topKeys(new(Config), new(top)), func(f field) bool { return f.key == name })
}

// advised is what to write in place of a key that holds a secret, and "" for any other key. To
// suggest a similar key would be wrong, since that would not take the secret.
func advised(at string) string {
	switch element.ReplaceAllString(at, "[]") {
	case "gitlab.token":
		return "a token does not stand in this file: set " + tokenVariable + ", or name its file in token_file"
	case "store_password":
		return "a password does not stand in this file: set " + storeVariable + ", or name its file in store_password_file"
	case "index.password", "indexes[].password":
		return "a password does not stand in this file: set PINWHEEL_INDEX_NAME_PASSWORD, with the index's name in it, or name its file in password_file"
	}
	return ""
}

// lone refuses a single element that stands in the place of a list, and shows it
// within one, in the form of an element. It reports whether it did.
func (r *reader) lone(form string, n *yaml.Node, at string) bool {
	if n.Kind != yaml.ScalarNode || !plainText.MatchString(n.Value) {
		return false
	}
	r.fail(n, at, "%s: write %s: [%s]", not(n, "a list"), at[strings.LastIndexByte(at, '.')+1:], fmt.Sprintf(form, n.Value))
	return true
}

// plainText needs no quotes within brackets and braces.
var plainText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._/-]{0,59}$`)

// list reads a sequence of at least least elements.
func (r *reader) list(n *yaml.Node, at string, least int, each func(n *yaml.Node, at string)) {
	if n.Kind != yaml.SequenceNode {
		key := at[strings.LastIndexByte(at, '.')+1:]
		r.fail(n, at, "%s: write its elements in brackets, %s: [FIRST, SECOND], or each on a line of its own that begins with \"- \"", not(n, "a list"), key)
		return
	}
	if len(n.Content) < least {
		r.fail(n, at, "the list is empty: name at least %d", least)
	}
	for i, e := range n.Content {
		e = target(e)
		at := fmt.Sprintf("%s[%d]", at, i)
		if e.ShortTag() == "!!null" {
			r.fail(e, at, "the element has no value: give it one or remove the line")
			continue
		}
		each(e, at)
	}
}

// texts reads a list of texts; one that is there twice is an error.
func (r *reader) texts(n *yaml.Node, at string, least int, check func(n *yaml.Node, at, text string)) []string {
	out, seen := []string{}, map[string]bool{}
	if r.lone("%s", n, at) {
		return out
	}
	r.list(n, at, least, func(n *yaml.Node, at string) {
		text := r.text(n, at)
		if text == "" {
			return
		}
		if seen[text] {
			r.fail(n, at, "%q is in the list already: remove one of the two", text)
		}
		seen[text] = true
		check(n, at, text)
		out = append(out, text)
	})
	return out
}

// text reads a string of one line that is not blank.
func (r *reader) text(n *yaml.Node, at string) string {
	switch {
	case n.Kind == yaml.MappingNode:
		r.fail(n, at, "%s: write one value, without keys of its own", not(n, "a text"))
	case n.Kind != yaml.ScalarNode:
		r.fail(n, at, "%s: write one value, without brackets or a dash before it", not(n, "a text"))
	case n.ShortTag() != "!!str":
		r.fail(n, at, "%s is not a text to YAML: write %q, with the quotes", n.Value, n.Value)
	case strings.TrimSpace(n.Value) == "":
		r.fail(n, at, "the text is empty: give it a value or remove the line")
	case strings.TrimSpace(n.Value) != n.Value:
		r.fail(n, at, "%q starts or ends with white space: remove it", n.Value)
	case strings.ContainsFunc(n.Value, unicode.IsControl):
		r.fail(n, at, "%q holds a line break or a control character: write it on one line", n.Value)
	default:
		return n.Value
	}
	return ""
}

func (r *reader) number(n *yaml.Node, at string, least, most int) int {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil || strconv.Itoa(i) != n.Value || i < least || i > most {
		r.fail(n, at, "%s: write one of these", not(n, fmt.Sprintf("a whole number from %d to %d", least, most)))
		return 0
	}
	return i
}

func (r *reader) boolean(n *yaml.Node, at string) bool {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		r.fail(n, at, "%s: write true or false", not(n, "true or false"))
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

// choice reads one of words. A bare off is a boolean to some readers of YAML,
// so the tag is not asked.
func (r *reader) choice(n *yaml.Node, at string, words ...string) string {
	if n.Kind == yaml.ScalarNode && slices.Contains(words, n.Value) {
		return n.Value
	}
	hint := ""
	if best := closest(n.Value, words); best != "" {
		hint = "; did you mean " + best + "?"
	}
	choice := words[0]
	if last := len(words) - 1; last > 0 {
		choice = strings.Join(words[:last], ", ") + " or " + words[last]
	}
	r.fail(n, at, "%s: write %s%s", none(n), choice, hint)
	return ""
}

// target follows an alias. An alias of an alias does not exist in YAML.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func below(at, key string) string {
	if at == "" {
		return key
	}
	return at + "." + key
}

// not reports that n is not what it has to be, and quotes n if it is short.
func not(n *yaml.Node, what string) string { return shown(n) + " is not " + what }

// none says that n is no value of its key.
func none(n *yaml.Node) string { return shown(n) + " is none of its values" }

func shown(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
	}
	value := n.Value
	if runes := []rune(value); len(runes) > 60 {
		value = string(runes[:60]) + "..."
	}
	return strconv.Quote(value)
}

// closest returns the word of known that word was probably meant to be, or "".
// Other spellings of the same words (minimumReleaseAge) and a beginning (token
// for token_file) count as close.
func closest(word string, known []string) string {
	plain := func(s string) string {
		return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
	}
	best, least := "", 3
	for _, k := range known {
		d := distance(plain(word), plain(k))
		if len(word) > 3 && strings.HasPrefix(plain(k), plain(word)) {
			d = min(d, 1)
		}
		if d < least && 5*d <= 2*max(len(k), 3) {
			best, least = k, d
		}
	}
	return best
}

// distance is the number of bytes to add, drop or change.
func distance(a, b string) int {
	if max(len(a), len(b)) > 40 {
		return 40
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0]++
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(row[j+1]+1, row[j]+1, change)
		}
	}
	return row[len(b)]
}
