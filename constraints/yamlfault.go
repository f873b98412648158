package constraints

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// maxNesting is how deep collections may be nested in a YAML file, in brackets, by indentation or
// on one line. Nesting costs a YAML parser more than length, and no file that people write is
// nearly as deep.
const maxNesting = 100

// NewYAMLLoader reads the documents of a file one by one. The caller judges duplicate keys. It
// refuses a file that is nested too deeply as soon as that shows.
func NewYAMLLoader(data []byte) (*yaml.Loader, error) {
	return yaml.NewLoader(bytes.NewReader(data), yaml.WithUniqueKeys(false), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxNesting))))
}

// yamlFaults are messages of the YAML library, by a part of each, and our words for them. The first
// that matches counts.
var yamlFaults = []struct{ part, words string }{
	{"',' or", "a bracket is not closed, or a comma is missing"},
	{"unexpected end of stream", "a quote or a bracket is not closed"},
	{"document indicator", "a quote or a bracket is not closed"},
	{"mapping values are not allowed", "a colon stands where no key can be: indent the line as the one above, or put the text in quotes"},
	{"cannot start any token", "a tab indents the line, or the value begins with a character that needs quotes"},
	{"expected '-'", "the line is not indented as its list, whose items begin with a dash"},
	{"unknown anchor", "an alias names an anchor that does not stand before it"},
	{"escape", "a backslash in double quotes stands before a character that means nothing there"},
	{"directive", "a line that begins with % is not read"},
	{"incompatible", "the file asks for another version of YAML"},
	{"control characters", "a control character stands in it"},
	{"depth", "it is nested more than " + strconv.Itoa(maxNesting) + " deep: write it flatter"},
	{"expected ':'", "a colon is missing after a key"},
	{"alphabetic or numeric", "no name follows & or *"},
	{"comment or line break", "more than a comment follows the | or > that begins a text"},
	{"expected key", "the line is not indented as the keys above it"},
	{"tab", "a tab indents the line, which only blanks may"},
	{"node content", "a sign stands where a value is expected: remove it, or put the value in quotes"},
	{"document start", "text follows the end of a document: remove it, or indent it as what it belongs to"},
	{"document-end", "text follows ... in its line: remove it"},
	{"block sequence entries", "a dash begins a list where none can begin: put the dash in a line of its own"},
	{"mapping keys are not allowed", "a ? begins a key where none can be: put the text in quotes"},
	{"indentation style", "its lines are indented in two ways: indent them alike"},
	{"indicator equal to 0", "the number behind | or > is 0: write 1 to 9, or none"},
	{"preceding whitespace", "a comment has no blank before its #: write one"},
	{"hexadecimal", "a backslash in double quotes stands before a character that means nothing there"},
	{"UTF-", "it is not UTF-8: save the file as UTF-8"},
	{"Unicode", "it is not UTF-8: save the file as UTF-8"},
	{"tag", "what follows ! is not a tag"},
	{"'>'", "what follows ! is not a tag"},
}

// YAMLFault says in our words why a file is not YAML, and in which line; 0 if that is not known.
// err is one of the YAML library.
func YAMLFault(err error) (line int, words string) {
	message := err.Error()
	if load := new(yaml.LoadError); errors.As(err, &load) {
		line, message = max(load.Mark.Line, load.ContextMark.Line), load.Message
	}
	for _, f := range yamlFaults {
		if strings.Contains(message, f.part) {
			return line, f.words
		}
	}
	return line, "a sign stands where none like it can be: compare the line with the one before it"
}
