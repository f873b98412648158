package oracle

import (
	"slices"
	"strings"
	"unicode"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file answers as packaging 21.3 does, from values that our own code
// parsed. Where no rule changed since, the answer is ours, so that a difference
// is a fault of one of the two; where one did, the answer comes with its name.

// rule names what changed since 21.3.
type rule string

const (
	unchanged     rule = ""
	ruleLegacy    rule = "legacy specifiers"
	ruleSuffix    rule = ".* after a pre- or post-release"
	ruleArbitrary rule = "=== takes ; and )"
	ruleNormal    rule = "=== compares the normal form"
	ruleSpelling  rule = "a prefix is compared as it is spelled"
	rulePadding   rule = "a prefix longer than the release of a pre- or post-release"
	ruleBelow     rule = "< a post-release refuses pre-releases"
	ruleAbove     rule = "> a pre-release refuses post-releases"
	ruleLocal     rule = "> refuses local parts of its release"
	ruleGate      rule = "contains asks for pre-releases"
	ruleFilter    rule = "filter does not fall back to pre-releases"
	ruleLetters   rule = "letters that fold to ASCII"
)

// oldClause is a clause of a set. ours is set where our code takes it too.
type oldClause struct {
	op, text string
	ours     *pep440.Specifier
	legacy   bool
	rule     rule // why it is taken where ours is not
}

// oldSet splits a set; ok is false where a clause is refused.
func oldSet(text string) (clauses []oldClause, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		part = strip(part)
		if part == "" {
			continue
		}
		c, ok := oldSpecifier(part)
		if !ok {
			c, ok = oldLegacy(part)
		}
		if !ok {
			return nil, false
		}
		clauses = append(clauses, c)
	}
	return clauses, true
}

// oldSpecifier takes a clause that is no legacy one.
func oldSpecifier(part string) (oldClause, bool) {
	if c, err := pep440.ParseSpecifier(part); err == nil {
		return oldClause{op: string(c.Op), text: c.Version, ours: &c}, true
	}
	part = strip(part)
	if text, ok := strings.CutPrefix(part, "==="); ok {
		text = strip(text)
		return oldClause{op: "===", text: text, rule: ruleArbitrary}, !strings.ContainsFunc(text, isSpace)
	}
	if bare, ok := strings.CutSuffix(part, ".*"); ok && (strings.HasPrefix(part, "==") || strings.HasPrefix(part, "!=")) {
		c, err := pep440.ParseSpecifier(bare)
		if err != nil || strings.HasSuffix(c.Version, ".*") {
			return oldClause{}, false
		}
		v, _ := c.Bound()
		_, _, pre := v.Pre()
		_, dev := v.Dev()
		if (pre || v.IsPostrelease()) && !dev && v.Local() == "" {
			return oldClause{op: part[:2], text: c.Version + ".*", rule: ruleSuffix}, true
		}
	}
	return oldClause{}, false
}

func oldLegacy(part string) (oldClause, bool) {
	for _, op := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if rest, ok := strings.CutPrefix(part, op); ok {
			text := strip(rest)
			return oldClause{op: op, text: text, legacy: true, rule: ruleLegacy}, !strings.ContainsFunc(text, func(r rune) bool {
				return r == ',' || r == ';' || r == ')' || isSpace(r)
			})
		}
	}
	return oldClause{}, false
}

// oldMatch matches the text of a candidate with pre-releases allowed.
func (c *oldClause) oldMatch(candidate string) (bool, rule) {
	v, err := pep440.Parse(candidate)
	name := candidate
	if err == nil {
		name = v.String()
	}
	switch {
	case c.legacy:
		return legacyMatch(c.op, name, c.text), ruleLegacy
	case c.op == "===":
		why := c.rule
		if name != candidate {
			why = ruleNormal
		}
		return strings.EqualFold(name, c.text), why
	case err != nil:
		return false, c.rule
	case strings.HasSuffix(c.text, ".*"):
		holds, why := c.oldPrefix(v, strings.TrimSuffix(c.text, ".*"))
		return holds == (c.op == "=="), why
	case c.op == "~=":
		return c.oldCompatible(v)
	case c.op == "<":
		return c.oldBelow(v)
	case c.op == ">":
		return c.oldAbove(v)
	}
	return c.ours.ContainsString(candidate), unchanged
}

// oldPrefix matches a version with the text before ".*"; the answer is for
// "==".
func (c *oldClause) oldPrefix(v pep440.Version, text string) (bool, rule) {
	why := c.rule
	if c.ours != nil {
		bound, _ := c.ours.Bound()
		why = prefixRule(v, bound, text, len(bound.Release()))
		if why == unchanged {
			return c.ours.Contains(v) == (c.op == "=="), why
		}
	}
	return splitMatch(v, text), why
}

// prefixRule says whether the old way with texts matters.
func prefixRule(v, bound pep440.Version, text string, segments int) rule {
	_, dev := v.Dev()
	_, _, pre := v.Pre()
	switch {
	case bound.Public() != text || bound.Epoch() != "0":
		return ruleSpelling
	case len(v.Release()) < segments && (pre || dev || v.IsPostrelease()):
		return rulePadding
	}
	return unchanged
}

// splitMatch compares the pieces between dots.
func splitMatch(v pep440.Version, text string) bool {
	want := splitVersion(text)
	have := splitVersion(v.Public())
	have = have[:min(len(have), len(want))]
	n, m := digitsOf(want), digitsOf(have)
	want = slices.Insert(slices.Clone(want), n, slices.Repeat([]string{"0"}, max(0, m-n))...)
	have = slices.Insert(slices.Clone(have), m, slices.Repeat([]string{"0"}, max(0, n-m))...)
	return slices.Equal(want, have)
}

// splitVersion splits at dots, and "0rc1" into "0" and "rc1".
func splitVersion(text string) []string {
	var out []string
	for piece := range strings.SplitSeq(text, ".") {
		rest := strings.TrimLeft(piece, "0123456789")
		number := strings.TrimLeft(rest, "abcr")
		letters := rest[:len(rest)-len(number)]
		if len(rest) < len(piece) && number != "" && isDigits(number) && slices.Contains([]string{"a", "b", "c", "rc"}, letters) {
			out = append(out, piece[:len(piece)-len(rest)], rest)
			continue
		}
		out = append(out, piece)
	}
	return out
}

func digitsOf(pieces []string) int {
	n := 0
	for n < len(pieces) && isDigits(pieces[n]) {
		n++
	}
	return n
}

// oldCompatible: ">=" and the prefix that is left when suffixes and the last
// number are taken off the text.
func (c *oldClause) oldCompatible(v pep440.Version) (bool, rule) {
	bound, _ := c.ours.Bound()
	why := prefixRule(v, bound, c.text, len(bound.Release())-1)
	switch {
	case why == unchanged:
		return c.ours.Contains(v), why
	case publicOf(v).Compare(bound) < 0:
		return false, why
	}
	pieces := splitVersion(c.text)
	n := slices.IndexFunc(pieces, func(p string) bool {
		return slices.ContainsFunc([]string{"dev", "a", "b", "rc", "post"}, func(s string) bool { return strings.HasPrefix(p, s) })
	})
	if n < 0 {
		n = len(pieces)
	}
	return splitMatch(v, strings.Join(pieces[:max(n-1, 0)], ".")), why
}

func (c *oldClause) oldBelow(v pep440.Version) (bool, rule) {
	bound, _ := c.ours.Bound()
	if bound.IsPostrelease() && !bound.IsPrerelease() && v.IsPrerelease() && sameBase(v, bound) {
		return false, ruleBelow
	}
	return c.ours.Contains(v), unchanged
}

func (c *oldClause) oldAbove(v pep440.Version) (bool, rule) {
	bound, _ := c.ours.Bound()
	switch {
	case v.Local() != "" && sameBase(v, bound):
		return false, ruleLocal
	case bound.IsPrerelease() && !bound.IsPostrelease() && v.IsPostrelease() && sameBase(v, bound):
		return false, ruleAbove
	}
	return c.ours.Contains(v), unchanged
}

func sameBase(a, b pep440.Version) bool { return baseOf(a).Equal(baseOf(b)) }

func baseOf(v pep440.Version) pep440.Version {
	base, _ := pep440.Parse(v.BaseVersion())
	return base
}

func publicOf(v pep440.Version) pep440.Version {
	public, _ := pep440.Parse(v.Public())
	return public
}

// asks reports whether the clause lets pre-releases through the gate.
func (c *oldClause) asks() bool {
	if c.legacy || c.op == "<" || c.op == ">" || c.op == "!=" {
		return false
	}
	v, err := pep440.Parse(strings.TrimSuffix(c.text, ".*"))
	return err == nil && v.IsPrerelease()
}

func isPre(candidate string) bool {
	v, err := pep440.Parse(candidate)
	return err == nil && v.IsPrerelease()
}

func isSpace(r rune) bool    { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
func strip(s string) string  { return strings.TrimFunc(s, isSpace) }
func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
