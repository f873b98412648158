package prepare

import (
	"cmp"
	"slices"
	"strings"
)

// Override is a source that replaces that of a member.
type Override struct {
	Variable string // that says so, such as cki_lib_pip_url
	Source   Source
}

// overrideSuffix ends the names of variables that override.
const overrideSuffix = "_pip_url"

// ParseOverrides reads the variables of an environment (NAME=value) that end in _pip_url, by the
// name before that. An empty value counts as none. allowed are the hosts and namespaces, such as
// gitlab.com/group, that a URL may name; plain permits http.
func ParseOverrides(environ, allowed []string, plain bool) (map[string]Override, error) {
	out := map[string]Override{}
	environ = slices.Sorted(slices.Values(environ)) // so that the same mistake is reported each time
	for _, entry := range environ {
		key, value, _ := strings.Cut(entry, "=")
		name, ok := strings.CutSuffix(strings.ToLower(key), overrideSuffix)
		if value = strings.TrimSpace(value); !ok || name == "" || value == "" {
			continue
		}
		if !isGit(value) {
			return nil, mistake("%s: %q is not an override: write git+https://HOST/GROUP/PROJECT.git@REF", key, value)
		}
		s, err := ParseSource(value, plain)
		if err != nil {
			return nil, mistake("%s: %s", key, err)
		}
		if !permitted(s, allowed) {
			return nil, mistake("%s: %s is not allowed, only what is below %s: name it in software.overrides.allowed", key, s.Repository, cmp.Or(strings.Join(allowed, " or "), "nothing"))
		}
		if other, twice := out[name]; twice {
			return nil, mistake("%s and %s override the same: keep one of the two", other.Variable, key)
		}
		out[name] = Override{key, s}
	}
	return out, nil
}

// permitted reports whether a repository is below one of the hosts or namespaces.
func permitted(s Source, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		return strings.HasPrefix(s.home(), strings.TrimSuffix(strings.ToLower(a), "/")+"/")
	})
}
