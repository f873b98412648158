package constraints

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

var urlSchemes = []string{
	"http", "https", "file", "ftp",
	"git+http", "git+https", "git+ssh", "git+git", "git+file",
	"hg+file", "hg+http", "hg+https", "hg+ssh", "hg+static-http",
	"bzr+http", "bzr+https", "bzr+ssh", "bzr+sftp", "bzr+ftp", "bzr+lp", "bzr+file",
	"svn+ssh", "svn+http", "svn+https", "svn+svn", "svn+file",
}

// hasURLScheme reports whether pip reads the text as a URL.
func hasURLScheme(text string) bool {
	scheme, _, ok := strings.Cut(text, ":")
	return ok && slices.Contains(urlSchemes, strings.ToLower(scheme))
}

var (
	// eggName matches what pip reads as a name there: no extras, no version.
	eggName = regexp.MustCompile(`^(?i)[a-z0-9]([a-z0-9._-]*[a-z0-9])?$`)
)

// archiveSuffixes are the endings of names that pip reads as archives.
var archiveSuffixes = []string{
	".zip", ".whl", ".tar", ".tgz", ".tbz", ".txz", ".tlz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.lz", ".tar.lzma",
}

func isArchive(name string) bool {
	return slices.ContainsFunc(archiveSuffixes, func(suffix string) bool {
		n := len(name) - len(suffix)
		return n >= 0 && strings.EqualFold(name[n:], suffix)
	})
}

// isArchivePath reports whether pip reads the text, which is no URL, as a file on disk even if that
// does not exist.
func isArchivePath(text string) bool {
	if !isArchive(withoutLastExtras(text)) {
		return false
	}
	before, _, at := strings.Cut(text, "@")
	return !at || strings.Contains(before, "/") || strings.HasPrefix(before, ".")
}

// readPath reads a line that names an archive on disk. Only a wheel's file name says which package
// it constrains; requirements need no name.
func (f *File) readPath(l logicalLine, text string) *refusal {
	if f.Use != UseRequirements && !isWheel(withoutLastExtras(text)) {
		return unnamed(text)
	}
	f.leave(l, KindPath, "a path is not a pin")
	return nil
}

// eggOf returns the name that a URL gives after #egg= or &egg=, "" for none.
func eggOf(url string) string {
	const mark = "egg="
	for rest := url; ; {
		i := strings.Index(rest, mark)
		if i < 0 {
			return ""
		}
		name, _, _ := strings.Cut(rest[i+len(mark):], "&")
		if i > 0 && (rest[i-1] == '#' || rest[i-1] == '&') && name != "" {
			return name
		}
		rest = rest[i+len(mark):]
	}
}

// readURL reads a line that is a URL.
func (f *File) readURL(l logicalLine, text string, marker pep508.Marker, markerText string) *refusal {
	u := Unmanaged{
		Line: l.number, Text: l.text, Kind: KindURL, Reason: "a URL is not a pin",
		Marker: marker, MarkerText: markerText,
	}
	location, _, _ := strings.Cut(text, "#")
	location, _, _ = strings.Cut(location, "?")
	egg := eggOf(text)
	switch {
	case isWheel(location):
		u.Name, _, _ = strings.Cut(path.Base(location), "-")
	case egg != "":
		if f.Use == UseRequirements {
			egg = withoutExtras(egg)
		}
		if !eggName.MatchString(egg) {
			return &refusal{quote("egg="+egg) + " is not the name of a project alone", "write NAME @ URL"}
		}
		u.Name = egg
	case f.Use == UseRequirements:
		f.Unmanaged = append(f.Unmanaged, u)
		return nil
	default:
		return unnamed(text)
	}
	u.Key = pep508.NormalizeName(u.Name)
	f.Unmanaged = append(f.Unmanaged, u)
	return nil
}

// readEditable reads a line that begins with -e.
func (f *File) readEditable(l logicalLine, value string) *refusal {
	if f.Use != UseRequirements {
		return &refusal{"an editable requirement is not allowed as a constraint", "remove it or pin a released version"}
	}
	u := Unmanaged{Line: l.number, Text: l.text, Kind: KindEditable, Reason: "an editable project has no version to move"}
	if egg := withoutExtras(eggOf(value)); eggName.MatchString(egg) {
		u.Name, u.Key = egg, pep508.NormalizeName(egg)
	}
	f.Unmanaged = append(f.Unmanaged, u)
	return nil
}

// isPath reports whether pip reads a text that is no requirement as a folder: it begins with a dot
// or has a slash. A text that compares versions is none.
func isPath(text string) bool {
	return (strings.HasPrefix(text, ".") || strings.Contains(text, "/")) && !operator.MatchString(text)
}

// extrasOf are the extras of a requirement, in normal form, sorted, each once.
func extrasOf(req pep508.Requirement) []string {
	if len(req.Extras) == 0 {
		return nil
	}
	out := make([]string, len(req.Extras))
	for i, x := range req.Extras {
		out[i] = pep508.NormalizeName(x)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// isWheel reports whether the last element of a path is a wheel's file name:
// five parts, or six with a build tag.
func isWheel(location string) bool {
	stem, ok := strings.CutSuffix(path.Base(location), ".whl")
	n := strings.Count(stem, "-")
	return ok && (n == 4 || n == 5) && !strings.HasPrefix(stem, "-")
}

func unnamed(text string) *refusal {
	return &refusal{
		"a constraint needs a name, which " + quote(text) + " does not give",
		"write NAME==VERSION or NAME @ URL",
	}
}

var (
	leadingName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*`)
	operator    = regexp.MustCompile(`~=|==|!=|<=|>=|<|>`)
)

// withoutExtras returns a requirement without the names in brackets.
func withoutExtras(text string) string {
	before, rest, _ := strings.Cut(text, "[")
	_, after, _ := strings.Cut(rest, "]")
	return strings.TrimRightFunc(before, isSpace) + after
}

// withoutLastExtras returns a path without the names in brackets at its end.
func withoutLastExtras(text string) string {
	body, ok := strings.CutSuffix(text, "]")
	start := strings.LastIndexByte(body, ']') + 1
	n := strings.IndexByte(body[start:], '[')
	if !ok || n < 0 || start+n+1 == len(body) {
		return text
	}
	return body[:start+n]
}

// explain says why a text is no requirement, with a hint.
func explain(text string) *refusal {
	hasOperator := operator.MatchString(text)
	_, option, tabbed := strings.Cut(text, "\t-")
	switch {
	case strings.Contains(text, "#") && hasOperator && leadingName.MatchString(text):
		return &refusal{"a comment in " + quote(text) + " needs a blank before its #", "put a blank before the #"}
	case !hasOperator && strings.Contains(text, "/") && leadingName.MatchString(text):
		return &refusal{quote(text) + " looks like a path, which has no name", "write NAME==VERSION or NAME @ URL"}
	case tabbed:
		return &refusal{"a tab stands before " + quote("-"+option), "write a blank in its place"}
	}
	reason, next := pep508.Fault(text)
	return &refusal{reason, next}
}

// quote returns a text in quotes, on one line and shortened if it is long.
func quote(text string) string {
	const most = 80
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "..."
	}
	return fmt.Sprintf("%q", text)
}
