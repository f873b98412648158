package oracle

import (
	"math/rand/v2"
	"strings"
)

// maker makes texts, the same for the same seed.
type maker struct{ *rand.Rand }

func newMaker(seed uint64) maker { return maker{rand.New(rand.NewPCG(seed, 440))} }

func (m maker) of(texts ...string) string { return texts[m.IntN(len(texts))] }

// one is true once in n.
func (m maker) one(n int) bool { return m.IntN(n) == 0 }

func (m maker) number() string {
	switch m.IntN(12) {
	case 0:
		return "0"
	case 1:
		return "00" + m.of("", "1", "9")
	case 2:
		return m.of("2026", "20261123", "18446744073709551616", "99999999999999999999999999")
	}
	return m.of("0", "1", "2", "3", "9", "10", "11")
}

// release is a release segment of few values, so that many are near each other.
func (m maker) release() string {
	var b strings.Builder
	if m.one(12) {
		b.WriteString(m.of("0", "1", "2") + "!")
	}
	b.WriteString(m.number())
	for range m.of("", "x", "xx", "xxx", "xxxx") {
		b.WriteString("." + m.of(m.number(), "0", "0"))
	}
	return b.String()
}

// suffix is a pre-, post- or development part in any spelling.
func (m maker) suffix() string {
	var b strings.Builder
	if m.one(3) {
		b.WriteString(m.of("", "", ".", "-", "_") + m.of("a", "b", "rc", "c", "alpha", "beta", "pre", "preview", "RC", "Alpha"))
		b.WriteString(m.of("", "", ".", "-", "_") + m.of("", "0", "1", "2", "01"))
	}
	if m.one(4) {
		b.WriteString(m.of(".post", ".post1", "-1", "-0", "post2", ".rev3", "-r4", ".POST1", "_post_1"))
	}
	if m.one(5) {
		b.WriteString(m.of(".dev", ".dev0", ".dev1", "dev2", "-dev-3", "_DEV_0"))
	}
	return b.String()
}

// public is a version without a local part, in normal spelling half the time.
func (m maker) public() string {
	if m.one(2) {
		return m.of("0", "1", "1.0", "1.1", "2.0", "1.0.0", "1.2.3") + m.of("", "", "", "a1", "b2", "rc1") + m.of("", "", "", ".post0", ".post1") + m.of("", "", "", ".dev0", ".dev1")
	}
	return m.of("", "", "", "v", "V") + m.release() + m.suffix()
}

func (m maker) version() string {
	v := m.public()
	if m.one(5) {
		v += "+" + m.of("local", "1", "abc.1", "ABC-2", "1_x", "01", "ubuntu.10", "cu118", "1.2.3")
	}
	if m.one(25) {
		v = m.of(" ", "\t", "\n", "\u00a0", "\x1c") + v + m.of("", " ", "\u2003")
	}
	return v
}

// junk is nearly a version.
func (m maker) junk() string {
	v := m.version()
	switch m.IntN(7) {
	case 0:
		return v + m.of(".", "-", "+", "x", "!", "*", " 1", ".*", "..1", "+a..b", "+é")
	case 1:
		return m.of("x", ".", "-", "=", "release-", "1 ") + v
	case 2:
		return m.of("2004d", "1.0-foo", "1.0.x", "dev", "", " ", "1.0a1b2", "1.0.post1rc1", "1.0dev1a1", "1!2!3", "١.0")
	case 3:
		i := m.IntN(len(v) + 1)
		return v[:i] + m.of("!", "+", ".", "a", "post", "~") + v[i:]
	}
	i := m.IntN(len(v) + 1)
	return v[:i] + v[min(len(v), i+1):]
}

// candidate is what is matched with specifiers.
func (m maker) candidate() string {
	if m.one(20) {
		return m.of("2004d", "1.0-foo", "dev", "1.0.x", "release-1")
	}
	return strings.TrimFunc(m.version(), isSpace)
}

func (m maker) clause() string {
	op := m.of("==", "!=", "<=", ">=", "<", ">", "~=")
	blank := m.of("", "", "", " ", "  ")
	switch m.IntN(16) {
	case 0:
		return "===" + blank + m.of(m.version(), "foobar", "1.0;x", "1.0)", "", "2004d", m.public())
	case 1, 2:
		return m.of("==", "!=") + blank + m.release() + ".*"
	case 3:
		return m.of("==", "!=") + blank + m.public() + ".*"
	case 4:
		return m.of("==", "!=") + blank + m.version()
	case 5:
		return m.of("==", "!=", "<=", ">=", "<", ">") + blank + m.of("2004d", "1.0-foo", "dev", "1.0.*.*", "1.*", "1.0+a", ">1.0", "=", "", "x_1", "1.0..1", "release-1-2")
	case 6:
		return m.of("=1.0", "1.0", "~1.0", "~=1", "~=1.*", "=>1.0", "!1", "~=2004d", "== 1.0 1", "=== a b")
	}
	if m.one(4) {
		return m.of("<", ">") + blank + m.of("1.0", "1.1", "2.0") + m.of(".post1", ".post0", "a1", "rc1.post1", ".dev1", ".post1.dev1")
	}
	return op + blank + m.public()
}

func (m maker) set() string {
	n := []int{0, 1, 1, 1, 1, 2, 2, 3}[m.IntN(8)]
	clauses := make([]string, 0, n)
	for range n {
		clauses = append(clauses, m.clause())
	}
	return strings.Join(clauses, m.of(",", ",", ", ", " ,")) + m.of("", "", "", "", ",")
}

// near is a version made of one that a set names, so that bounds are met.
func (m maker) near(set string) string {
	parts := strings.FieldsFunc(set, func(r rune) bool { return strings.ContainsRune("<>=!~, \t\n;)*", r) })
	if len(parts) == 0 || m.one(3) {
		return m.candidate()
	}
	part := strings.TrimSuffix(parts[m.IntN(len(parts))], ".")
	if base := strings.TrimRight(part[:len(part)-len(strings.TrimLeft(part, "v0123456789.!"))], ".!"); m.one(2) && base != "" {
		part = base
	}
	return part + m.of("", "", ".0", ".1", "a1", ".dev0", ".post1", ".post1.dev0", "+x", ".post2+x", "rc1")
}
