package cibot

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/renovate"
	"gitlab.com/cki-project/pinwheel/text"
)

// Options are what a configuration is read for.
type Options struct {
	// Pipelines is the project in which pipelines run, which the file does not name.
	Pipelines string
}

// Read reads the YAML of the earlier bot. file is its name in lines and errors. The lines are in the
// order of the file; after them come those on what the bot does without a key. The error for any
// other text is a [renovate.SyntaxError].
func Read(file string, data []byte, o Options) (renovate.Result, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return renovate.Result{}, &renovate.SyntaxError{File: file, Line: 1, Text: text.Plain(err.Error(), 300)}
	}
	r := &reader{file: file, o: o}
	top := pairs(&root)
	if top == nil {
		return renovate.Result{}, &renovate.SyntaxError{File: file, Line: 1, Text: "the configuration has to be a mapping with the key projects"}
	}
	found := false
	for _, p := range top {
		switch {
		case p.key == "projects" && pairs(p.value) != nil:
			found = true
			for _, one := range pairs(p.value) {
				r.readProject(one)
			}
		case strings.HasPrefix(p.key, "."):
			r.addLine(place{p.key, p.line}, renovate.NoEffect, "it is a template: each key that it gives a project has a line of its own")
		default:
			r.addLine(place{p.key, p.line}, renovate.Refused, "pinwheel does not know this key: take it out, if the bot works without it")
		}
	}
	if !found {
		return renovate.Result{}, &renovate.SyntaxError{File: file, Line: 1, Text: "the configuration has no key projects"}
	}
	r.unnamed()
	return renovate.Result{Lines: r.lines, Own: r.yaml(path.Base(file))}, nil
}

// pair is a key of a mapping.
type pair struct {
	key   string
	value *yaml.Node
	line  int
}

// pairs lists the keys of a mapping, also those that it merges (<<) unless it has them itself. It is
// nil for anything else.
func pairs(n *yaml.Node) []pair {
	for n != nil && (n.Kind == yaml.DocumentNode && len(n.Content) == 1 || n.Kind == yaml.AliasNode) {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		} else {
			n = n.Content[0]
		}
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	own, merged := []pair{}, []pair{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Value == "<<" && v.Kind == yaml.AliasNode && v.Alias.Kind == yaml.MappingNode {
			for j := 0; j+1 < len(v.Alias.Content); j += 2 {
				merged = append(merged, pair{v.Alias.Content[j].Value, v.Alias.Content[j+1], k.Line})
			}
			continue
		}
		own = append(own, pair{k.Value, v, k.Line})
	}
	for _, m := range merged {
		if !slices.ContainsFunc(own, func(p pair) bool { return p.key == m.key }) {
			own = append(own, m)
		}
	}
	return own
}

// scalar returns the text of a value. ok is false if it is null, a list or a mapping.
func scalar(n *yaml.Node) (value string, ok bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n.Value, n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null"
}

// texts returns the texts of a list. ok is false for anything else.
func texts(n *yaml.Node) (list []string, ok bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.SequenceNode {
		return nil, false
	}
	out := []string{}
	for _, e := range n.Content {
		s, ok := scalar(e)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// reader reads one configuration.
type reader struct {
	file      string
	o         Options
	lines     []renovate.Line
	projects  []project
	pipelines []pipeline
}

// project is a project that has the bot.
type project struct {
	path, override, welcome string
	visible, standard       []string // names of pinwheel's pipelines
}

// pipeline is a pipeline of pinwheel's configuration.
type pipeline struct{ name, description, ref string }

// place is where a value stands: its whole key, such as projects.a.override, and its line.
type place struct {
	key  string
	line int
}

// addLine adds a line. It takes line breaks and control characters out of what others wrote.
func (r *reader) addLine(at place, v renovate.Verdict, format string, args ...any) {
	r.lines = append(r.lines, renovate.Line{File: r.file, Line: at.line, Key: text.Plain(at.key, 200), Verdict: v, Says: text.Plain(fmt.Sprintf(format, args...), 600)})
}

// unnamed adds lines on what the bot does without any key.
func (r *reader) unnamed() {
	r.addLine(place{key: "CKI_DEPLOYMENT_ENVIRONMENT"}, renovate.Kept, "the earlier bot marks each pipeline with retrigger, without a key for it; here it stands below marks")
	r.addLine(place{key: "key=value"}, renovate.Differs, "the earlier bot lets a comment set any variable, and pinwheel only those that the key allow names: add what people need")
	r.addLine(place{key: "packages"}, renovate.Differs, "each project is listed below packages: move those that hold data and no Python package to data")
}
