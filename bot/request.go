package bot

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/comment"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Verb is what a command asks for.
type Verb string

// The verbs.
const (
	Test   Verb = "test"
	Retry  Verb = "retry"
	Cancel Verb = "cancel"
	Status Verb = "status"
	Help   Verb = "help"
)

var verbs = []Verb{Test, Retry, Cancel, Status, Help}

// Command is what one line of a comment asks for.
type Command struct {
	Line      int // from 0, of those that are commands
	Verb      Verb
	Pipelines []string
	Commit    string // the beginning of one, "" for the one that its author saw
	Set       []plan.Variable
	With      []WithWord
	Mistake   string // a sentence, empty for a command that can be read
}

// WithWord is PROJECT!IID or PROJECT!IID@SHA as it was written.
type WithWord struct {
	Project string
	IID     int64
	Commit  string
}

// Bounds of a comment.
const (
	mostCommands = 5
	mostWords    = 40
)

// Slash begins a command without a name: /test.
const slash = "test"

// Commands returns the commands of a comment, for a bot with a username. If there are more than are
// read, the last one is a mistake that says so.
func Commands(body, username string) []Command {
	var out []Command
	for _, line := range comment.Lines(body) {
		words, ok := comment.Command(line, username, slash)
		if !ok {
			continue
		}
		if len(out) == mostCommands {
			return append(out, Command{Line: mostCommands, Mistake: fmt.Sprintf("at most %d commands of a comment are read: write the others in another comment", mostCommands)})
		}
		c := commandOf(words)
		c.Line = len(out)
		out = append(out, c)
	}
	return out
}

var (
	commitWord   = regexp.MustCompile(`^@?([0-9a-f]{7,40})$`)
	pipelineWord = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,58}[A-Za-z0-9])?$`)
	withWord     = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9_./-]{0,254})!([1-9][0-9]{0,9})(@[0-9a-f]{7,40})?$`)
	keyWord      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,254}$`)
	// A value has no character that a shell, GitLab or YAML expands.
	valueWord = regexp.MustCompile(`^[A-Za-z0-9_.,:/@+=~-]{0,200}$`)
)

func commandOf(words []string) Command {
	var c Command
	if len(words) == 0 {
		c.Mistake = "it names no command: write `test` or `help` after the name"
		return c
	}
	if len(words) > mostWords {
		c.Mistake = fmt.Sprintf("it has %d words, and at most %d are read", len(words), mostWords)
		return c
	}
	first := strings.TrimPrefix(words[0], "/")
	c.Verb = Verb(strings.ToLower(first))
	if strings.HasPrefix(words[0], "/") && len(words) > 1 {
		if second := Verb(strings.ToLower(words[1])); slices.Contains(verbs, second) {
			c.Verb, words = second, words[1:] // /test help
		}
	}
	if !slices.Contains(verbs, c.Verb) {
		c.Mistake = "there is no command `" + quoted(first) + "`: there are `test`, `retry`, `cancel`, `status` and `help`"
		return c
	}
	c.read(words[1:])
	return c
}

// read reads the words after the verb.
func (c *Command) read(words []string) {
	with := false
	for _, w := range words {
		key, value, isSet := strings.Cut(w, "=")
		m := withWord.FindStringSubmatch(w)
		switch {
		case w == "with" && c.Verb == Test:
			with = true
		case with && m != nil:
			iid, _ := strconv.ParseInt(m[2], 10, 64) // at most ten digits
			c.With = append(c.With, WithWord{m[1], iid, strings.TrimPrefix(m[3], "@")})
		case c.Verb != Test && (isSet || m != nil || strings.HasPrefix(w, "@")):
			c.wrong("`" + string(c.Verb) + "` takes only names of pipelines, and `" + quoted(w) + "` is not one")
		case isSet:
			c.set(key, value)
		case commitWord.MatchString(w) && strings.HasPrefix(w, "@"):
			if c.Commit != "" {
				c.wrong("it names two commits")
			}
			c.Commit = commitWord.FindStringSubmatch(w)[1]
		case m != nil:
			c.wrong("write `with` before `" + quoted(w) + "`")
		case pipelineWord.MatchString(w):
			if !slices.Contains(c.Pipelines, w) {
				c.Pipelines = append(c.Pipelines, w)
			}
		default:
			c.wrong("`" + quoted(w) + "` is neither a pipeline, `key=value`, `@` with a commit, nor `with` and a merge request `project!12`")
		}
	}
	if with && len(c.With) == 0 {
		c.wrong("`with` names no merge request: write `with project!12`")
	}
}

func (c *Command) set(key, value string) {
	switch {
	case !keyWord.MatchString(key):
		c.wrong("`" + quoted(key) + "` is not the name of a variable")
	case !valueWord.MatchString(value):
		c.wrong("the value of `" + quoted(key) + "` may hold only letters, digits and `_.,:/@+=~-`, at most 200 of them")
	case slices.ContainsFunc(c.Set, func(v plan.Variable) bool { return v.Name == key }):
		c.wrong("`" + quoted(key) + "` is set twice")
	default:
		c.Set = append(c.Set, plan.Variable{Name: key, Value: value})
	}
}

// wrong keeps the first mistake.
func (c *Command) wrong(text string) {
	if c.Mistake == "" {
		c.Mistake = text
	}
}

// quoted is a stranger's word for a code span: short, and without characters that would end the
// span.
func quoted(word string) string {
	word = strings.ReplaceAll(word, "`", "'")
	if r := []rune(word); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return word
}
