package renovate

import (
	"cmp"
	"fmt"
	"strings"
)

// titles is the text around the title of a merge request.
type titles struct {
	semantic, kind, scope, prefix, suffix string
}

func (r *reader) semantic(v value, at place) {
	s, ok := r.str(v, at)
	if !ok {
		return
	}
	r.policy.titles.semantic = s
	r.policy.at["title"], r.policy.at["commit_title"] = r.lineOf(at), r.lineOf(at)
	if s == "auto" {
		r.say(at, Differs, "Renovate looks at the last commits; here titles have no prefix")
		return
	}
	r.say(at, Kept, "title and commit_title")
}

func (r *reader) scope(v value, at place) {
	if v.kind == isNothing {
		r.policy.titles.scope = "-"
		r.say(at, Kept, "title and commit_title")
		return
	}
	r.worded(v, at, &r.policy.titles.scope)
}

// worded reads fixed text. It refuses a template, since titles have the same text for every
// package.
func (r *reader) worded(v value, at place, to *string) {
	s, ok := r.str(v, at)
	switch {
	case !ok:
		return
	case strings.Contains(s, "{{"):
		r.say(at, Refused, "it is a template: write title and commit_title yourself, such as \"chore(deps): {lower}\"")
		return
	}
	old := *to
	*to = s
	if fault := r.fault(fields{{"title", r.policy.titles.form()}}); fault != "" {
		*to = old
		r.say(at, Refused, "pinwheel's title cannot be that: %s", fault)
		return
	}
	r.policy.at["title"], r.policy.at["commit_title"] = r.lineOf(at), r.lineOf(at)
	r.say(at, Kept, "title and commit_title, %s", map[bool]string{true: "where semanticCommits is enabled", false: "before or behind the words"}[to == &r.policy.titles.kind || to == &r.policy.titles.scope])
}

// form is the form of titles.
func (t titles) form() string {
	before, lower := t.prefix, false
	if before == "" && t.semantic == "enabled" {
		lower = true
		if before = cmp.Or(t.kind, "chore") + ":"; t.scope != "-" {
			before = fmt.Sprintf("%s(%s):", cmp.Or(t.kind, "chore"), cmp.Or(t.scope, "deps"))
		}
	}
	form := "{title}"
	if lower {
		form = "{lower}"
	}
	return strings.TrimSpace(before + " " + form + " " + t.suffix)
}
