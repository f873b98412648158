package renovate

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/text"
)

// conditions are the conditions of a rule of Renovate's, in pinwheel's form. A rule with a
// condition that has no equal here is refused as a whole, since without the condition it would hold
// for too much.
type conditions struct {
	r                     *reader
	to                    rule
	packages, kinds       []string
	files                 []string
	from, new             string
	never, refused, other string // why it holds for no pin; why it cannot be had; what is different
}

func (c *conditions) refuse(format string, args ...any) {
	if c.refused == "" {
		c.refused = fmt.Sprintf(format, args...)
	}
}

func (c *conditions) verdict() Verdict {
	if c.other != "" {
		return Differs
	}
	return Kept
}

// says describes the conditions in pinwheel's form.
func (c *conditions) says() string {
	out := "for all packages"
	if len(c.to.when) > 0 {
		out = flow(c.to.when)
	}
	if c.other != "" {
		out += "; " + c.other
	}
	return out
}

func (c *conditions) finish() fields {
	var out fields
	add := func(key string, v any, there bool) {
		if there {
			out = append(out, field{key, v})
		}
	}
	add("packages", c.packages, len(c.packages) > 0)
	add("kinds", c.kinds, len(c.kinds) > 0)
	add("from", c.from, c.from != "")
	add("to", c.new, c.new != "")
	add("files", c.files, len(c.files) > 0)
	return out
}

// read reads one condition.
func (c *conditions) read(m member) {
	list := loose(m.value)
	if m.kind != aText && (m.kind != aList || len(list) != len(m.list)) {
		c.refuse("%s is %s and has to be a list of texts: correct it", m.name, m.kind)
		return
	}
	if len(list) == 0 {
		c.refuse("%s is empty: correct it", m.name)
		return
	}
	switch m.name {
	case "matchPackageNames", "matchDepNames":
		c.names(list)
	case "matchPackagePatterns", "matchDepPatterns":
		c.names(each(list, func(s string) string { return "/" + s + "/" }))
	case "matchPackagePrefixes", "matchDepPrefixes":
		c.names(each(list, func(s string) string { return s + "*" }))
	case "excludePackageNames", "excludeDepNames":
		c.names(each(list, func(s string) string { return "!" + s }))
	case "excludePackagePatterns", "excludeDepPatterns":
		c.names(each(list, func(s string) string { return "!/" + s + "/" }))
	case "excludePackagePrefixes", "excludeDepPrefixes":
		c.names(each(list, func(s string) string { return "!" + s + "*" }))
	case "matchUpdateTypes":
		c.steps(list)
	case "matchCurrentVersion":
		c.versions(list[0], &c.from)
	case "matchNewValue":
		c.versions(list[0], &c.new)
	case "matchManagers":
		c.among(list, "manager", "pip_requirements", "pip-compile", "pip_setup", "custom.regex", "regex")
	case "matchDatasources":
		c.among(list, "datasource", "pypi")
	case "matchCategories":
		c.among(list, "category", "python")
	case "matchDepTypes":
		c.never = "it is for kinds of dependencies, which pins do not have"
	case "matchFileNames", "matchPaths", "matchFiles":
		c.fileNames(list)
	case "matchBaseBranches":
		c.one(list, "branch", c.r.o.Branch)
	case "matchRepositories":
		if c.r.o.Project == "" {
			c.refuse("matchRepositories asks for the project, which is not known here: take it out, or leave the rule out")
			return
		}
		c.one(list, "project", c.r.o.Project)
	default:
		c.refuse("pinwheel has no condition such as %s: write the rule by names of packages, or leave it out", text.Plain(m.name, 60))
	}
}

func each(list []string, f func(string) string) []string {
	out := slices.Clone(list)
	for i, s := range out {
		out[i] = f(s)
	}
	return out
}

var flagged = regexp.MustCompile(`^(!?)/(.+)/(i?)$`)

// names reads patterns of packages: names, globs, expressions, and these with an exclamation mark
// before them. If another key has patterns, too, both have to match, which a rule here can only
// express if one of them leaves packages out.
func (c *conditions) names(list []string) {
	var out []string
	for _, p := range list {
		if m := flagged.FindStringSubmatch(p); m != nil {
			if p = m[1] + "/" + m[2] + "/"; m[3] == "i" || strings.ContainsFunc(m[2], upper) {
				p = m[1] + "/(?i)" + m[2] + "/"
			}
		}
		if p = strings.ReplaceAll(p, "**", "*"); p == "/*/" || p == "/.*/" || p == "/^.*$/" {
			p = "*"
		}
		if notPython(p) {
			c.other = "names that no Python package has are left out"
			continue // such as @types/node, ghcr.io/owner/image
		}
		out = append(out, p)
	}
	positive := func(p string) bool { return !strings.HasPrefix(p, "!") }
	switch {
	case !slices.ContainsFunc(out, positive) && slices.ContainsFunc(list, positive):
		c.never = "it is for packages that are not of Python"
	case slices.ContainsFunc(c.packages, positive) && slices.ContainsFunc(out, positive):
		c.refuse("it names packages by two keys, which both have to hold: write packages yourself")
	}
	c.packages = append(c.packages, out...)
	if slices.Equal(c.packages, []string{"*"}) {
		c.packages = nil
	}
}

// notPython reports whether a name or glob is one that no Python package has.
func notPython(p string) bool {
	return !strings.HasPrefix(strings.TrimPrefix(p, "!"), "/") && strings.ContainsAny(p, "/@: ")
}

func upper(r rune) bool { return r >= 'A' && r <= 'Z' }

func (c *conditions) steps(list []string) {
	for _, s := range list {
		switch s {
		case "major":
			c.kinds = append(c.kinds, "major", "calendar")
		case "minor", "patch":
			c.kinds = append(c.kinds, s)
		case "pin", "pinDigest", "digest", "lockFileMaintenance", "lockfileUpdate", "rollback", "bump", "replacement":
		default:
			c.refuse("%q is no kind of update: correct matchUpdateTypes", text.Plain(s, 40))
		}
	}
	if slices.Sort(c.kinds); len(c.kinds) == 0 {
		c.never = "it is for kinds of updates that pins do not have"
	}
	c.kinds = slices.Compact(c.kinds)
	if len(c.kinds) == 4 {
		c.kinds = nil
	}
}

// among says whether a value of pins is in a list. An exclamation mark before a name in the list
// leaves it out.
func (c *conditions) among(list []string, what string, ours ...string) {
	positive, named := false, false
	for _, s := range list {
		name, not := strings.CutPrefix(s, "!")
		is := slices.Contains(ours, name) || name == "*"
		switch {
		case not && is:
			c.never = fmt.Sprintf("it leaves out %s %s", what, text.Plain(name, 40))
		case !not:
			positive, named = true, named || is
		}
	}
	if positive && !named {
		c.never = fmt.Sprintf("it is for %s %s", what, text.Plain(strings.Join(list, ", "), 80))
	}
}

// one says whether a name is in a list of patterns.
func (c *conditions) one(list []string, what, name string) {
	in, err := matchAny(list, name)
	switch {
	case err != nil:
		c.refuse("%v", err)
	case !in:
		c.never = fmt.Sprintf("it is for another %s than %s", what, name)
	}
}

// fileNames keeps those of the constraints files that match.
func (c *conditions) fileNames(list []string) {
	in, out, err := c.r.matching(list)
	switch {
	case err != nil:
		c.refuse("%v", err)
	case len(in) == 0:
		c.never = "it is for other files than " + strings.Join(c.r.o.Files, ", ")
	case len(out) > 0:
		c.files = in
	}
}

// matching separates the constraints files by patterns.
func (r *reader) matching(patterns []string) (in, out []string, err error) {
	for _, file := range r.o.Files {
		yes, err := matchAny(patterns, file)
		if err != nil {
			return nil, nil, err
		}
		if yes {
			in = append(in, file)
		} else {
			out = append(out, file)
		}
	}
	return in, out, nil
}

// matchAny matches a name against globs and expressions. At least one without an exclamation mark
// has to match, if there are any, and none with one.
func matchAny(patterns []string, name string) (bool, error) {
	positive, in := false, false
	for _, p := range patterns {
		p, not := strings.CutPrefix(p, "!")
		is, err := matches(p, name)
		switch {
		case err != nil:
			return false, err
		case not && is:
			return false, nil
		case !not:
			positive, in = true, in || is
		}
	}
	return in || !positive, nil
}

func matches(p, name string) (bool, error) {
	if m := flagged.FindStringSubmatch(p); m != nil {
		re, err := regexp.Compile(map[string]string{"i": "(?i)"}[m[3]] + m[2])
		if err != nil || len(p) > 1000 {
			return false, fmt.Errorf("%q is not an expression that pinwheel reads: write it in RE2's form", text.Plain(p, 80))
		}
		return re.MatchString(name), nil
	}
	// A star of a glob ends at a slash, two stars do not.
	re := regexp.QuoteMeta(strings.TrimPrefix(path.Clean(p), "./"))
	re = strings.NewReplacer(`\*\*/`, `(?:.*/)?`, `\*\*`, `.*`, `\*`, `[^/]*`, `\?`, `[^/]`).Replace(re)
	re = braces.ReplaceAllStringFunc(re, func(s string) string {
		return "(?:" + strings.ReplaceAll(s[2:len(s)-2], ",", "|") + ")"
	})
	compiled, err := regexp.Compile("(?i)^" + re + "$")
	if err != nil || len(p) > 1000 {
		return false, fmt.Errorf("%q is not a pattern that pinwheel reads: write constraints.txt or images/*.txt", text.Plain(p, 80))
	}
	return compiled.MatchString(name), nil
}

var braces = regexp.MustCompile(`\\\{[^{}]*\\\}`)

// versions reads a range of versions.
func (c *conditions) versions(s string, to *string) {
	set, ok := specifiers(s)
	if !ok {
		c.refuse("%q are no versions that pinwheel reads: write from yourself, such as \"<2\"", text.Plain(s, 80))
	}
	*to = set
}

var (
	begins = regexp.MustCompile(`^(!?)/\^(?:v\?)?(\d+)(\\\.|\[\.\])?/$`)
	wild   = regexp.MustCompile(`^v?(\d+(?:\.\d+)*)\.[x*]$`)
)

// specifiers are a range of versions as PEP 440 writes it. Some expressions and forms
// of other ecosystems mean the same: /^0/, !/^0/, 1.x.
func specifiers(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if m := begins.FindStringSubmatch(s); m != nil {
		if m[2] != "0" && m[3] == "" { // /^1/ is 10, too
			return "", false
		}
		return map[string]string{"": "==", "!": "!="}[m[1]] + m[2] + ".*", true
	}
	if m := wild.FindStringSubmatch(s); m != nil {
		return "==" + m[1] + ".*", true
	}
	s = spaced.ReplaceAllString(s, "$1,$2")
	set, err := pep440.ParseSpecifiers(s)
	return s, err == nil && !set.IsEmpty()
}

// spaced finds the blanks that separate the clauses of a range in npm's form: ">=1 <2".
var spaced = regexp.MustCompile(`(\d)\s+([<>=!~])`)
