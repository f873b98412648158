package prepare

import (
	"net/url"
	"strings"
)

// Source is where pip gets a project with git: "git+https://HOST/PATH.git@REF#subdirectory=DIR".
// https://pip.pypa.io/en/stable/topics/vcs-support/
type Source struct {
	Repository   string // its address, without "git+", ref and fragment
	Ref          string // "" is the default branch
	Subdirectory string
	Egg          string
}

// isGit reports whether the URL of a requirement is one of git.
func isGit(text string) bool { return strings.HasPrefix(strings.ToLower(text), "git+") }

// ParseSource reads the URL of a requirement. It refuses one with a user, a password or a query,
// and any scheme but https, and http if plain is set.
func ParseSource(text string, plain bool) (Source, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Source{}, mistake("%q is not a URL: write git+https://HOST/GROUP/PROJECT.git@REF", text)
	}
	switch scheme := strings.ToLower(u.Scheme); {
	case u.User != nil:
		return Source{}, mistake("the URL of %s holds a user or a password: write git+https://HOST/GROUP/PROJECT.git@REF, the token is added by itself", u.Host)
	case scheme == "git+http" && !plain:
		return Source{}, mistake("%s is read without encryption: write git+https, or set gitlab.allow_http", text)
	case scheme != "git+https" && scheme != "git+http":
		return Source{}, mistake("%s is not read with git over https: write git+https://HOST/GROUP/PROJECT.git@REF", text)
	case u.Host == "" || u.RawQuery != "" || u.ForceQuery:
		return Source{}, mistake("%q does not name a repository: write git+https://HOST/GROUP/PROJECT.git@REF", text)
	}
	path, ref, given := u.Path, "", false
	if at := strings.LastIndexByte(path, '@'); at >= 0 {
		path, ref, given = path[:at], path[at+1:], true
	}
	s := Source{Repository: strings.TrimPrefix(strings.ToLower(u.Scheme), "git+") + "://" + u.Host + path, Ref: ref}
	if clean := strings.Trim(path, "/"); clean == "" || strings.Contains("/"+clean+"/", "/../") || !projectPath.MatchString(strings.TrimSuffix(clean, ".git")) {
		return Source{}, mistake("%q does not name a repository: write git+https://HOST/GROUP/PROJECT.git@REF", text)
	}
	if given && badRef(ref) {
		return Source{}, mistake("%q names no branch, tag or commit behind the @", text)
	}
	for part := range strings.SplitSeq(u.Fragment, "&") {
		switch key, value, _ := strings.Cut(part, "="); key {
		case "subdirectory":
			s.Subdirectory = strings.Trim(value, "/")
			if strings.Contains("/"+s.Subdirectory+"/", "/../") || strings.HasPrefix(value, "/") {
				return Source{}, mistake("%q names a subdirectory outside of the repository", text)
			}
		case "egg":
			s.Egg = value
		}
	}
	return s, nil
}

// String is the URL as pip reads it, without an egg.
func (s Source) String() string {
	text := "git+" + s.Repository
	if s.Ref != "" {
		text += "@" + s.Ref
	}
	if s.Subdirectory != "" {
		text += "#subdirectory=" + s.Subdirectory
	}
	return text
}

// same reports whether two URLs are one for pip, which compares them as they are written, except
// for the egg.
func (s Source) same(other Source) bool {
	s.Egg, other.Egg = "", ""
	return s == other
}

// home is the address in one spelling, which identifies the repository.
func (s Source) home() string {
	rest := s.Repository[strings.Index(s.Repository, "://")+3:]
	return strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(rest), "/"), ".git")
}

// spellings are the addresses by which people may write a repository.
func (s Source) spellings() []string {
	plain := strings.TrimSuffix(strings.TrimSuffix(s.Repository, "/"), ".git")
	return []string{plain, plain + ".git"}
}
