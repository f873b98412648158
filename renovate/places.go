package renovate

import (
	"strings"

	"gitlab.com/cki-project/pinwheel/text"
)

// paths says whether the constraints files are among paths that are left out, or are the only ones
// that count.
func (r *reader) paths(v value, at place, out bool) {
	patterns, ok := r.texts(v, at)
	if !ok {
		return
	}
	in, _, err := r.matching(patterns)
	switch {
	case err != nil:
		r.say(at, Refused, "%v", err)
	case out == (len(in) > 0):
		r.say(at, Refused, "Renovate does not look at %s: take the key out if pinwheel is to look", strings.Join(r.o.Files, ", "))
	default:
		r.say(at, Kept, "pinwheel reads the files that the key files names, and no others")
	}
}

// customManagers are expressions that find versions in other files, such as the YAML
// that repeats the pins.
func (r *reader) customManagers(v value, at place) {
	if v.kind != aList {
		r.wrong(v, at, "a list of objects")
		return
	}
	for i, one := range v.list {
		in := at.at(i, one)
		if source, ok := one.get("datasourceTemplate"); ok && source.text != "pypi" {
			r.say(in, NoEffect, "it is about packages of another index, %s", text.Plain(source.text, 40))
			continue
		}
		r.say(in, Differs, "pinwheel finds pins where files says, not by expressions: name a file of pins there, and the YAML that repeats them as derived")
	}
}

// forAll reads a key that only rules have here, as a rule without conditions.
func (r *reader) forAll(v value, at place, name string) {
	one := rule{line: at.line}
	r.ruleKeys[name](r, v, at, &one)
	if len(one.does) > 0 {
		r.policy.rules = append(r.policy.rules, one)
	}
}

// steps reads what applies to one kind of steps, as a rule for it.
func (r *reader) steps(v value, at place, kinds ...string) {
	if v.kind != anObject {
		r.wrong(v, at, "an object")
		return
	}
	one := rule{line: v.line, when: fields{{"kinds", kinds}}}
	for _, m := range v.members {
		r.ruleKey(m, at.in(m.name, value{line: m.line}), &one)
	}
	if len(one.does) > 0 {
		r.policy.rules = append(r.policy.rules, one)
	}
}
