package constraints

import "strings"

// LinkTarget returns the target of a symbolic link, which GitLab's Files API gives as the text of
// the file. It recognises a link by its text, which is nothing but a path: a single word, or words
// with a slash, without a line end. Git adds none to a link, and every editor adds one to a file.
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
