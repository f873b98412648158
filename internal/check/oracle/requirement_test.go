package oracle

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// What changed in requirement lines since 21.3.
const (
	ruleName    rule = "a name may not end in _"
	ruleComma   rule = "no comma after the last clause"
	ruleParens  rule = "no empty parentheses"
	ruleBreak   rule = "line breaks are blanks"
	ruleURL     rule = "a URL has a scheme and a host"
	ruleSwallow rule = "=== takes all up to the next blank"
	ruleBroken  rule = "broken" // for both: no change
)

// requirementLine is a requirement in parts, so that what 21.3 makes of it can be told.
type requirementLine struct {
	name, extras, clauses, url string
	marker                     *node
	parens                     bool
	why                        rule
	text                       string
}

func (m maker) requirement() requirementLine {
	l := requirementLine{name: m.of("a", "A", "requests", "Zope.Interface", "foo_bar-baz", "0x", "a--b", "jsonschema")}
	if m.one(3) {
		l.extras = m.of("[]", "[x]", "[x,y]", "[ x , Y_y ]", "[a.b,A_B]", "[test-all]")
	}
	if m.one(6) {
		l.url = m.of("https://host.example/a.whl", "http://u:p@host.example:80/x?y=1#sha256=0", "git+https://host.example/r@v1", "file:///tmp/a.whl", "ssh://h/x;y")
	} else {
		for range m.IntN(3) {
			clause := m.of(m.of("==", "!=")+m.release()+".*", m.of("==", ">=", "<", "~=", "!=", "<=", ">")+m.of("1.0", "2.0", "3.1.4", m.release()+".0"), "=== "+m.public(), m.of("<", ">=")+" "+strings.TrimFunc(m.public(), isSpace))
			if l.clauses != "" {
				l.clauses += m.of(",", ", ", " , ")
			}
			l.clauses += clause
		}
	}
	if m.one(2) {
		// 21.3 prints what a backslash stands for, which cannot be read again.
		for l.marker == nil || strings.Contains(l.marker.String(), `\`) {
			l.marker = m.tree(m.IntN(3))
		}
	}
	l.parens = l.clauses != "" && m.one(3)
	if m.one(4) {
		m.change(&l)
	}
	m.write(&l)
	if m.one(12) && l.why == unchanged {
		l.text, l.why = m.broken(l.text), ruleBroken
	}
	return l
}

// change gives the line something that 21.3 reads in another way.
func (m maker) change(l *requirementLine) {
	switch m.IntN(8) {
	case 0:
		l.name, l.why = l.name+m.of("_", "__", "._"), ruleName
	case 1:
		if l.clauses != "" {
			if l.clauses += ","; !endsArbitrary(l.clauses) {
				l.why = ruleComma // else the comma is part of the text
			}
		}
	case 2:
		if l.clauses == "" && l.url == "" {
			l.parens, l.why = true, ruleParens
		}
	case 3:
		if l.url == "" {
			l.why = ruleBreak
		}
	case 4:
		l.clauses, l.parens, l.url, l.why = "", false, m.of("a.whl", "./a.whl", "host.example/x", "https:", "https:///x", "c:/x"), ruleURL
	case 5:
		l.clauses, l.url, l.marker, l.why = m.of("===1.0;os_name=='x'", "===1.0;", "===1)"), "", nil, ruleSwallow
		l.parens = false
	case 6:
		l.clauses, l.url, l.why = m.of("==1.0.*.*", "<=2004d", ">=1.*", "==1.0-foo", ">1.0+a", "<>1.0", ">=1.0,<2.x"), "", ruleLegacy
	case 7:
		l.clauses, l.url, l.why = m.of("==1.0a1.*", "!=1.0.post1.*", ">=1,==2.0rc1.*"), "", ruleSuffix
	}
}

// endsArbitrary reports whether the text after the last "===" goes on to the
// end of the clauses.
func endsArbitrary(clauses string) bool {
	i := strings.LastIndex(clauses, "===")
	return i >= 0 && !strings.Contains(strings.TrimSpace(clauses[i+3:]), " ")
}

func (m maker) write(l *requirementLine) {
	blank := func() string {
		if l.why == ruleBreak {
			return m.of("", " ", "\n", "\r\n", " \n\t")
		}
		return m.of("", "", " ", "  ")
	}
	text := m.of("", "", " ") + l.name + blank() + l.extras + blank()
	switch {
	case l.url != "":
		text += "@" + m.of("", " ") + l.url
		if l.marker != nil {
			text += " " + blank()
		}
	case l.parens:
		text += "(" + blank() + l.clauses
		if strings.Contains(l.clauses, "===") {
			text += " "
		}
		text += blank() + ")" + blank()
	default:
		text += l.clauses
		if l.marker != nil && strings.Contains(l.clauses, "===") {
			text += " "
		}
		if l.why != ruleSwallow {
			text += blank()
		}
	}
	if l.marker != nil {
		text += ";" + blank() + l.marker.String() + blank()
	}
	l.text = text
}

// broken damages a line so that nobody takes it.
func (m maker) broken(text string) string {
	switch m.IntN(5) {
	case 0:
		return "-" + text
	case 1:
		return m.of("a[x", "a]", "a[x,]", "a[,x]", "a[x y]", "a>=1 <2", "a>=1,,<2", "a=1", "a 1", "a(>=1", "a>=1)", "a @", "@ https://h/x", "", " ", "a!b")
	case 2:
		return m.of("a;", "a; os_name", "a; os_name ==", "a; os_name == 'x", "a; == 'x'", "a; os_name = 'x'", "a; nonsense == 'x'", "a; os_name == 'x' and", "a; (os_name == 'x'", "a; os_name == 'x')", "a; os_name == x", "a>=1;; os_name == 'x'")
	case 3:
		return strings.TrimSpace(text) + " ; os_name == 'x' trailing"
	}
	return "a b " + text
}

func TestRequirements(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	p := packaging(t)
	m, c := newMaker(seed+5), newTally(t)
	defer c.print()
	var lines []requirementLine
	var texts []string
	for len(lines) < requirementCases {
		l := m.requirement()
		lines, texts = append(lines, l), append(texts, l.text)
	}
	for i, got := range answers(t, p.Requirements, texts) {
		c.cases++
		l := lines[i]
		now := requirementOf(l.text)
		old := now
		switch l.why {
		case ruleName, ruleComma, ruleParens, ruleURL, ruleBroken:
			old = RequirementFacts{}
		case ruleBreak:
			old = requirementOf(strings.NewReplacer("\n", " ", "\r", " ").Replace(l.text))
		case ruleLegacy, ruleSuffix:
			old = requirementOf(strings.Replace(l.text, l.clauses, "", 1))
			if l.parens {
				old = requirementOf(strings.Replace(l.text, l.clauses, ">0", 1))
			}
			old.Specifier = setText(l.clauses)
		case ruleSwallow:
			old = requirementOf(strings.Replace(l.text, l.clauses, "", 1))
			old.Specifier = setText(l.clauses)
		default: // both read the same line
		}
		why := l.why
		if why == ruleBroken {
			why = unchanged
		}
		c.want(fmt.Sprintf("%q", l.text), normalForm(got), old, now, why)
	}
}

// setText is a set as 21.3 prints it.
func setText(text string) string {
	clauses, _ := oldSet(text)
	var out []string
	for _, c := range clauses {
		out = append(out, c.op+c.text)
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ",")
}

func requirementOf(text string) RequirementFacts {
	r, err := pep508.Parse(text)
	if err != nil {
		return RequirementFacts{}
	}
	f := RequirementFacts{Valid: true, Name: r.Name, Extras: r.Extras, Specifier: setText(r.Specifiers.String()), URL: r.URL}
	if !r.Marker.IsZero() {
		f.Marker = r.Marker.String()
	}
	return f
}

// normalForm brings the answer into the forms that our code prints: extras
// in normal form, and the marker read and printed by our code, since 21.3
// prints it as it was written. How markers hold is compared elsewhere.
func normalForm(f RequirementFacts) RequirementFacts {
	var extras []string
	for _, extra := range f.Extras {
		extras = append(extras, pep508.NormalizeName(extra))
	}
	slices.Sort(extras)
	f.Extras = slices.Compact(extras)
	if f.Marker != "" {
		m, err := pep508.ParseMarker(f.Marker)
		f.Marker = m.String()
		if err != nil {
			f.Marker = "not readable"
		}
	}
	return f
}
