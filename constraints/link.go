package constraints

import "strings"

// LinkTarget returns where a symbolic link leads, of which GitLab's Files API
// gives the target as the text. A text is taken for one where it is nothing but
// a path: a single word, or words with a slash, without an end of line, which
// git adds to no link and every editor to a file.
func LinkTarget(text []byte) (target string, ok bool) {
	s := string(text)
	if s == "" || len(s) > 4096 || strings.ContainsAny(s, "\r\n\x00=<>!~;@#[]{}\"'\\") || strings.HasPrefix(s, "-") || strings.Contains(s, "://") {
		return "", false
	}
	if !strings.Contains(s, "/") && strings.ContainsAny(s, " \t:") {
		return "", false
	}
	return s, true
}
