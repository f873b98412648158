package pep508

import "strings"

// NormalizeName returns the normal form of a project's or an extra's name
// (PEP 503, PEP 685): lower case, each run of "-", "_" and "." one "-". It
// does not judge the name; see ValidName. Normalising twice changes nothing,
// and a name in normal form is returned as it is.
func NormalizeName(name string) string {
	if isNormal(name) {
		return name
	}
	var b strings.Builder
	b.Grow(len(name))
	separated := false
	for _, r := range strings.ToLower(name) {
		if isNameSeparator(r) {
			separated = true
			continue
		}
		if separated {
			b.WriteByte('-')
			separated = false
		}
		b.WriteRune(r)
	}
	if separated {
		b.WriteByte('-')
	}
	return b.String()
}

// ValidName reports whether name is the name of a project or an extra: ASCII
// letters, digits, "-", "_" and ".", with a letter or a digit at both ends
// (PEP 508, "Names").
func ValidName(name string) bool {
	for i := range len(name) {
		if !isNameByte(name[i]) {
			return false
		}
	}
	return name != "" && isAlphanumeric(name[0]) && isAlphanumeric(name[len(name)-1])
}

// SameName reports whether two names of ASCII letters are spellings of one,
// that is, whether their normal forms are equal, without making these.
func SameName(a, b string) bool {
	for {
		var x, y byte
		x, a = nextNormal(a)
		y, b = nextNormal(b)
		if x != y {
			return false
		}
		if x == 0 {
			return true
		}
	}
}

// nextNormal removes from name what gives the first byte of its normal form, and returns that byte;
// 0 at the end.
func nextNormal(name string) (byte, string) {
	if name == "" {
		return 0, ""
	}
	if !isNameSeparator(rune(name[0])) {
		c := name[0]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		return c, name[1:]
	}
	for name != "" && isNameSeparator(rune(name[0])) {
		name = name[1:]
	}
	return '-', name
}

func isNormal(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			continue
		}
		if c != '-' || i > 0 && name[i-1] == '-' {
			return false
		}
	}
	return true
}

func isNameSeparator(r rune) bool { return r == '-' || r == '_' || r == '.' }

func isNameByte(c byte) bool { return isAlphanumeric(c) || isNameSeparator(rune(c)) }

func isAlphanumeric(c byte) bool {
	return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// isWord reports whether a byte continues a keyword or a variable.
func isWord(c byte) bool { return isAlphanumeric(c) || c == '_' }

// VariableName is a name as it stands in the names of variables: lower case, and "_"
// for each "-" and ".". cki-lib is cki_lib.
func VariableName(name string) string {
	return strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToLower(name))
}
