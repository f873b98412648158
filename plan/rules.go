package plan

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// String is the pattern in normal form, as it can be written.
func (p PackagePattern) String() string { return p.text }

// Rule is what a policy says of some packages and releases. Each of its
// conditions that is set must hold; a rule without any is for everything.
type Rule struct {
	At       string // where it is written, "pinwheel.yaml:31"
	Layer    Layer  // that has it
	Packages []PackagePattern
	Kinds    []Kind
	From, To pep440.Specifiers // of the pinned and of the new version
	Files    []string          // globs on the paths of constraints files

	Enabled    Choice            // No: nothing is taken; the last rule that says counts
	Ignore     *Ignore           // the release is not taken
	Allowed    pep440.Specifiers // what the new version has to be in
	MinimumAge time.Duration     // takes the place of the policy's, where HasAge; the last rule wins
	HasAge     bool
	Labels     []string // for merge requests that make such a step

	Reviewers, Assignees []string // beside the policy's

	Gates []Gate // beside the policy's; of the same name in place of it, and of several rules the last

	Group    string  // the name of the group that such updates join; the last rule counts
	Bisect   Choice  // whether Group is taken apart when it is red
	Window   *Window // takes the place of the policy's; the last rule counts
	Approval Choice  // Yes: opens after a tick alone; the last rule that says counts
	Merge    Choice  // whether pinwheel merges such a step; the last rule that says counts
	Priority int     // of those that wait the greater goes first; the last rule counts
	// HasPriority tells a priority of 0 from none.
	HasPriority bool
}

// Choice is yes, no, or not said.
type Choice string

// The choices. The zero value says nothing.
const (
	NotSaid Choice = ""
	Yes     Choice = "yes"
	No      Choice = "no"
)

// Ignore is why, and until when, something is not taken.
type Ignore struct {
	Reason string    // a clause, without its end
	Link   string    // absolute http or https address, or empty
	Until  time.Time // from this instant on it is taken; zero for never
}

// PackagePattern matches names in normal form.
type PackagePattern struct {
	text string // in normal form
	not  bool   // the names that it matches are left out
	glob string
	re   *regexp.Regexp
}

// MaxPattern is the longest pattern, in bytes: to match one costs its length
// times that of each name.
const MaxPattern = 255

// ParsePackagePattern reads a glob, in which * stands for any characters, or a
// regular expression between slashes, which must match somewhere in the name. An
// exclamation mark before either leaves out the names that it matches.
func ParsePackagePattern(text string) (PackagePattern, error) {
	if len(text) > MaxPattern {
		return PackagePattern{}, fmt.Errorf("a pattern of %d bytes is longer than %d: write several", len(text), MaxPattern)
	}
	if inner, ok := strings.CutPrefix(text, "!"); ok {
		p, err := parsePackagePattern(inner)
		p.text, p.not = "!"+p.text, true
		return p, err
	}
	return parsePackagePattern(text)
}

func parsePackagePattern(text string) (PackagePattern, error) {
	if inner, ok := strings.CutPrefix(text, "/"); ok {
		inner, closed := strings.CutSuffix(inner, "/")
		if !closed || inner == "" {
			return PackagePattern{}, fmt.Errorf("%q begins as a regular expression and does not end as one: write /text/", text)
		}
		re, err := regexp.Compile(inner)
		if err != nil {
			return PackagePattern{}, fmt.Errorf("%q is not a regular expression: %w", text, err)
		}
		return PackagePattern{text: text, re: re}, nil
	}
	glob := nameRuns.ReplaceAllString(strings.ToLower(text), "-")
	if _, err := path.Match(glob, ""); err != nil || strings.ContainsAny(text, " /,!") || text == "" {
		return PackagePattern{}, fmt.Errorf("%q is not a package's name or a pattern of one: write boto3, types-* or /^types-/", text)
	}
	return PackagePattern{text: glob, glob: glob}, nil
}

var nameRuns = regexp.MustCompile(`[-_.]+`)

func (p PackagePattern) match(key string) bool {
	if p.re != nil {
		return p.re.MatchString(key)
	}
	ok, _ := path.Match(p.glob, key)
	return ok
}

// Names reports whether the rule is for a package: one of its patterns matches,
// if it has any that name packages, and none that leaves packages out does.
func (r *Rule) Names(key string) bool {
	named, all := false, true
	for _, p := range r.Packages {
		switch matches := p.match(key); {
		case p.not && matches:
			return false
		case !p.not:
			named, all = named || matches, false
		}
	}
	return named || all
}

// InFile reports whether the rule is for the pins of a file.
func (r *Rule) InFile(name string) bool {
	return len(r.Files) == 0 || slices.ContainsFunc(r.Files, func(glob string) bool { ok, _ := path.Match(glob, name); return ok })
}

// Steps reports whether a rule that is for a pin is for its step, too.
func (r *Rule) Steps(kind Kind, to pep440.Version) bool {
	return (len(r.Kinds) == 0 || slices.Contains(r.Kinds, kind)) && (r.To.IsEmpty() || r.To.Contains(to))
}
