package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

// What enforce.keep can keep of the operator's entry.
const (
	keepOnOpen    = "on_open"
	keepApprovals = "approvals"
	keepIgnores   = "ignores"
	keepFreezes   = "freezes"
	keepLabels    = "labels"
	keepGate      = "gates"
)

// Override is a point in which a project's own file differs from its operator's entry.
type Override struct {
	File string
	Line int
	Key  string
	Text string // what it leaves out or changes
	Kept bool   // enforce keeps what the operator says
}

// String is the override as a sentence with its file and line.
func (o Override) String() string {
	text := fmt.Sprintf("%s:%d: %s %s", o.File, o.Line, o.Key, o.Text)
	if o.Kept {
		text += "; enforce keeps it"
	}
	return text
}

// keep finds where a project's own file differs from the operator's entry, in the order of
// the file's lines. It puts back what enforce keeps of that entry: labels, freezes, gates, and as
// the last rules those that ask for approval or keep releases away. If enforce keeps
// on_open, another one in the project's file is an error.
func (r *reader) keep(root *yaml.Node, q *project, under *beneath) []Override {
	var out []Override
	say := func(key, kind, format string, args ...any) bool {
		line := valueOf(root, key).Line
		kept := slices.Contains(under.floor.keep, kind)
		out = append(out, Override{r.path, line, key, fmt.Sprintf(format, args...), kept})
		return kept
	}
	entry := under.project
	// A label that is built in is nobody's wish, unless enforce keeps it.
	_, said := entry.policy.Sources["labels"]
	if valueOf(root, "labels") != nil && (said || slices.Contains(under.floor.keep, keepLabels)) {
		keepLabel(q, entry, say)
	}
	if valueOf(root, "freeze") != nil {
		keepFreeze(q, entry, say)
	}
	if valueOf(root, "gates") != nil {
		keepGates(q, entry, say)
	}
	if valueOf(root, "rules") != nil {
		for _, rule := range entry.policy.Rules {
			if kept, some := r.keepRule(rule, say); some {
				q.policy.Rules = append(slices.Clone(q.policy.Rules), kept)
			}
		}
	}
	if n := valueOf(root, "on_open"); n != nil && !reflect.DeepEqual(q.policy.OnOpen, entry.policy.OnOpen) && say("on_open", keepOnOpen, "is another than the operator's") {
		r.fail(n, "on_open", "what is asked for when a merge request opens is for pinwheel's operator to say: remove the key")
	}
	slices.SortStableFunc(out, func(a, b Override) int { return a.Line - b.Line })
	return out
}

// sayer notes an override and reports whether enforce keeps what the operator says.
type sayer func(key, kind, format string, args ...any) bool

// keepLabel puts back labels of the operator's entry.
func keepLabel(q *project, entry project, say sayer) {
	for _, label := range entry.policy.Labels {
		if !slices.Contains(q.policy.Labels, label) && say("labels", keepLabels, "leaves out %s", label) {
			q.policy.Labels = append(slices.Clone(q.policy.Labels), label)
		}
	}
}

// keepFreeze puts back freezes of the operator's entry.
func keepFreeze(q *project, entry project, say sayer) {
	for _, f := range entry.freezes {
		same := func(o plan.Freeze) bool { return o.From.Equal(f.From) && o.To.Equal(f.To) }
		if !slices.ContainsFunc(q.freezes, same) && say("freeze", keepFreezes, "leaves out the freeze of %s", f.At) {
			q.freezes = append(slices.Clone(q.freezes), f)
		}
	}
}

// keepRule returns what of a rule of the operator's enforce keeps, and whether
// that is anything.
func (r *reader) keepRule(rule plan.Rule, say sayer) (kept plan.Rule, some bool) {
	kept = plan.Rule{At: rule.At, Layer: rule.Layer, Packages: rule.Packages, Kinds: rule.Kinds, From: rule.From, To: rule.To, Files: rule.Files}
	if rule.Approval == plan.Yes && say("rules", keepApprovals, "leaves out the approval of %s", rule.At) {
		kept.Approval, some = plan.Yes, true
	}
	if len(rule.Gates) > 0 && say("rules", keepGate, "leaves out the gates of %s", rule.At) {
		kept.Gates, some = rule.Gates, true
	}
	if rule.Ignore == nil && rule.Enabled != plan.No && rule.Allowed.IsEmpty() {
		return kept, some
	}
	if say("rules", keepIgnores, "leaves out what %s keeps away", rule.At) {
		kept.Ignore, kept.Allowed, some = rule.Ignore, rule.Allowed, true
		if rule.Enabled == plan.No {
			kept.Enabled = plan.No
		}
	}
	return kept, some
}

// valueOf returns the value of a key of a mapping, nil without it.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			v := *n.Content[i+1]
			v.Line = n.Content[i].Line
			return &v
		}
	}
	return nil
}

// keeps reads what enforce keeps.
func (r *reader) keeps(n *yaml.Node, at string) []string {
	known := []string{keepOnOpen, keepApprovals, keepIgnores, keepFreezes, keepLabels, keepGate}
	return r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
		if !slices.Contains(known, text) {
			r.fail(n, at, "%q is not kept: write one of %s", text, strings.Join(known, ", "))
		}
	})
}
