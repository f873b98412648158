package prepare

import (
	"fmt"
	"regexp"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Entry is one project of a list, such as GITLAB_COM_PACKAGES.
type Entry struct {
	Text    string // as written
	Project string // its path on GitLab, with the namespace
	Ref     string // a branch, a tag or a full commit; never empty
}

// Base is the last part of the project's path, by which people name it.
func (e Entry) Base() string { return e.Project[strings.LastIndexByte(e.Project, '/')+1:] }

var (
	projectPath = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`)
	fullSHA     = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
)

// Defaults fill in what a name leaves out.
type Defaults struct {
	Namespace string // of a name without one; "" allows no such name
	Ref       string
}

// ParseEntries reads names separated by blanks: NAME or GROUP/PROJECT, with or without @REF. An
// empty text is an empty list. A project that is there twice is an error, and so is a name that no
// project can have.
func ParseEntries(text string, d Defaults) ([]Entry, error) {
	return parseEntries(strings.Fields(text), d)
}

func parseEntries(words []string, d Defaults) ([]Entry, error) {
	var out []Entry
	seen := map[string]string{}
	for _, word := range words {
		e, err := parseEntry(word, d)
		if err != nil {
			return nil, err
		}
		key := pep508.NormalizeName(e.Base())
		if first, twice := seen[key]; twice {
			return nil, mistake("%s and %s are called the same, %s: keep one of the two", first, word, key)
		}
		seen[key] = word
		out = append(out, e)
	}
	return out, nil
}

func parseEntry(word string, d Defaults) (Entry, error) {
	path, ref, given := strings.Cut(word, "@")
	e := Entry{Text: word, Project: path, Ref: d.Ref}
	if given {
		e.Ref = ref
	}
	switch {
	case !projectPath.MatchString(path) || strings.HasSuffix(path, ".git") || strings.Contains(path, ".."):
		return Entry{}, mistake("%q is not the name of a project: write cki-lib, group/project or group/project@ref", word)
	case badRef(e.Ref):
		return Entry{}, mistake("%q names no branch, tag or commit behind the @: write group/project@production", word)
	case !strings.Contains(path, "/") && d.Namespace == "":
		return Entry{}, mistake("%q has no namespace: write group/%s, or set software.namespace", word, path)
	case !strings.Contains(path, "/"):
		e.Project = d.Namespace + "/" + path
	}
	return e, nil
}

// badRef reports whether git would refuse a text as a ref, or read it as an option.
func badRef(ref string) bool {
	return ref == "" || strings.HasPrefix(ref, "-") || strings.HasPrefix(ref, "/") || strings.HasSuffix(ref, "/") || strings.HasSuffix(ref, ".lock") ||
		strings.HasSuffix(ref, ".") || strings.Contains(ref, "..") || strings.Contains(ref, "//") || strings.Contains(ref, "@{") ||
		strings.ContainsAny(ref, " ~^:?*[\\") || strings.ContainsFunc(ref, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// variable is a name as it is in the name of a variable.
func variable(name string) string { return pep508.VariableName(name) }

// DataVariable is the variable with the path of a data project's files.
func DataVariable(name string) string {
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		name = "_" + name // a variable cannot begin with a digit
	}
	return variable(name) + "_data_dir"
}

// Mistake is an error of the person who configured the set, or wrote what it requires. Another
// attempt gives the same error.
type Mistake struct{ Text string }

func (m *Mistake) Error() string { return m.Text }

func mistake(format string, args ...any) error { return &Mistake{fmt.Sprintf(format, args...)} }
