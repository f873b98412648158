package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// TokenSource says where a token of some projects' own stands. The zero value is that of
// pinwheel.
type TokenSource struct {
	Variable, File string // of the environment, or a path; one of the two
	At             string // where that is said, "pinwheel.yaml:12"
}

// Own reports whether there is such a token.
func (t TokenSource) Own() bool { return t.Variable != "" || t.File != "" }

// Key tells a source from others by what is read.
func (t TokenSource) Key() string {
	switch {
	case t.Variable != "":
		return "variable " + t.Variable
	case t.File != "":
		return "file " + t.File
	}
	return ""
}

// Read reads the token. It never tells what it read.
func (t TokenSource) Read(env func(string) string) (Secret, error) {
	if t.Variable == "" {
		return secretFile(t.File, t.At+": token_file")
	}
	text := env(t.Variable)
	if text == "" {
		return Secret{}, fmt.Errorf("%s: token_variable: the environment has no %s: set it", t.At, t.Variable)
	}
	return secret(text, "the environment variable "+t.Variable)
}

// TokenOf reads the token for a project: its own, else that of pinwheel.
func (c *Config) TokenOf(t TokenSource, env func(string) string) (Secret, error) {
	if t.Own() {
		return t.Read(env)
	}
	return c.Token(env)
}

const schemaTokenVariable = `{"type":"string","pattern":"^[A-Z][A-Z0-9_]*$"}` //nolint:gosec // the form of a variable's name, which is no secret

var tokenVariableName = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// tokenKeys are the keys of a token of projects' own.
func (r *reader) tokenKeys(to *TokenSource) []field {
	note := func(n *yaml.Node, at string, into *string, text string) {
		if to.Own() {
			r.fail(n, at, "there is a token_variable and a token_file: keep one of the two")
		}
		*into, to.At = text, r.place(n)
	}
	return []field{
		{
			key:  "token_variable",
			says: says{"name of a variable", "", schemaTokenVariable, "The environment variable with a token for GitLab that is used for these projects alone, in place of pinwheel's"},
			read: func(n *yaml.Node, at string) {
				text := r.text(n, at)
				if text != "" && !tokenVariableName.MatchString(text) {
					// It may be the token itself, so it is not repeated.
					r.fail(n, at, "this is not the name of an environment variable: write capitals, digits and _, such as TEAM_GITLAB_TOKEN; the token does not stand in this file")
					text = ""
				}
				note(n, at, &to.Variable, text)
			},
		},
		{
			key:  "token_file",
			says: says{"path", "", schemaText, "The file with such a token"},
			read: func(n *yaml.Node, at string) { note(n, at, &to.File, r.text(n, at)) },
		},
	}
}

// place is where a node stands, "pinwheel.yaml:12".
func (r *reader) place(n *yaml.Node) string { return fmt.Sprintf("%s:%d", r.short, n.Line) }

// lineOf is the line of a place.
func lineOf(at string) int {
	line, _ := strconv.Atoi(at[strings.LastIndexByte(at, ':')+1:])
	return line
}
