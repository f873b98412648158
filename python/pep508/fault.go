package pep508

import (
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// Fault says what is wrong with a text that Parse refuses, and what to write, each as a clause. If
// it knows no better next step, that names PEP 508. Of several faults it names the first.
func Fault(text string) (reason, next string) {
	body, marker, marked := strings.Cut(text, ";")
	if marked {
		if _, err := Parse(body); err == nil {
			return fmt.Sprintf("the marker %.80q is not valid", strings.TrimSpace(marker)), "correct it as PEP 508 says"
		}
	}
	body = strings.TrimSpace(body)
	head, rest := body, ""
	if i := strings.IndexAny(body, "<>=!~@[(,"); i >= 0 {
		head, rest = strings.TrimSpace(body[:i]), body[i:]
	}
	if head == "" || !isAlphanumeric(head[0]) {
		return fmt.Sprintf("%.80q does not begin with a name", text), "write NAME==VERSION"
	}
	if reason, next = faultOfName(head, rest); reason != "" {
		return reason, next
	}
	if strings.TrimSpace(rest) == "@" {
		return fmt.Sprintf("%.80q lacks the URL", body), "write " + head + " @ URL"
	}
	if reason, next = faultOfClauses(head, rest); reason != "" {
		return reason, next
	}
	return fmt.Sprintf("%.80q is not a requirement", text), "correct it as PEP 508 says"
}

// faultOfName judges the text before the first character that ends a name.
func faultOfName(head, rest string) (reason, next string) {
	words := strings.Fields(head)
	switch {
	case len(words) == 1 && ValidName(head):
		return "", ""
	case len(words) == 2 && rest == "" && isVersion(words[1]):
		return fmt.Sprintf("%.80q has no operator", head), "write == between the name and the version"
	case len(words) == 2:
		return fmt.Sprintf("%.80q is not a package name", head), "remove the space"
	case len(words) > 2:
		return fmt.Sprintf("%.80q is not a package name", head), "remove the spaces"
	}
	return fmt.Sprintf("%.80q is not a package name", head), "write letters, digits, -, _ and ., the first and the last a letter or a digit"
}

// faultOfClauses judges the clauses after a name, with the extras before them.
func faultOfClauses(head, rest string) (reason, next string) {
	extras := ""
	if strings.HasPrefix(rest, "[") {
		i := strings.IndexByte(rest, ']')
		if i < 0 {
			return fmt.Sprintf("the [ in %.80q is not closed", head+rest), "write ] behind the extras"
		}
		extras, rest = rest[:i+1], strings.TrimSpace(rest[i+1:])
	}
	if strings.HasPrefix(rest, "(") {
		i := strings.IndexByte(rest, ')')
		if i < 0 {
			return fmt.Sprintf("the ( in %.80q is not closed", head+extras+rest), "write ) at its end"
		}
		rest = rest[1:i]
	} else if strings.HasSuffix(rest, ")") {
		return fmt.Sprintf("the ) in %.80q has no (", head+extras+rest), "remove it"
	}
	clauses := strings.Split(rest, ",")
	for _, clause := range clauses {
		clause = strings.TrimSpace(clause)
		if _, err := pep440.ParseSpecifiers(clause); err == nil {
			continue
		}
		version := strings.TrimLeft(clause, "<>=!~")
		op := clause[:len(clause)-len(version)]
		if version = strings.TrimSpace(version); version == "" && isOperator(op) {
			if len(clauses) == 1 {
				return fmt.Sprintf("%.80q lacks the version", head+extras+op), fmt.Sprintf("write %.80s%s1.0", head+extras, op)
			}
			return fmt.Sprintf("%q in %.80q lacks the version", op, head+extras+rest), "write one such as " + op + "2.0"
		}
		return faultOfClause(op, version)
	}
	return "", ""
}

// operators are texts that people write for an operator, and the operator.
var operators = map[string]pep440.Op{
	"=>": pep440.OpGreaterEqual, "=<": pep440.OpLessEqual, "=!": pep440.OpNotEqual, "=~": pep440.OpCompatible,
	"<>": pep440.OpNotEqual, "><": pep440.OpNotEqual, "!": pep440.OpNotEqual, "~": pep440.OpCompatible,
	">>": pep440.OpGreater, "<<": pep440.OpLess, "=": pep440.OpEqual,
}

func isOperator(op string) bool {
	_, err := pep440.ParseSpecifier(op + "1.0")
	return err == nil
}

// faultOfClause judges a clause that does not parse, whose version may be missing.
func faultOfClause(op, version string) (reason, next string) {
	meant := operators[op]
	if meant == "" {
		meant = pep440.OpEqual
	}
	first, more, spaced := cutSpace(version)
	bare := strings.TrimSuffix(first, ".*")
	switch {
	case op == "":
		return fmt.Sprintf("%.80q has no operator", version), "write one such as == or < before the version"
	case !isOperator(op):
		return fmt.Sprintf("%q is not an operator", op), "write " + string(meant)
	case spaced && strings.ContainsAny(more[:1], "<>=!~"):
		return fmt.Sprintf("%.80q lacks a comma", op+version), fmt.Sprintf("write it before %.80s", more)
	case spaced && strings.ContainsAny(more, "<>=!~"):
		return fmt.Sprintf("%.80q is a second requirement", more), "write each by itself"
	case spaced:
		return fmt.Sprintf("%.80q is not a version", version), "remove the space"
	case !isVersion(bare):
		return fmt.Sprintf("%.80q is not a version as PEP 440 defines it", version), "write a version that is"
	case bare != first:
		return fmt.Sprintf("%s does not go with .*", op), fmt.Sprintf("write %s%.80s", op, bare)
	case op == string(pep440.OpCompatible) && !strings.Contains(version, "."):
		return fmt.Sprintf("%s needs a version of two numbers", op), fmt.Sprintf("write ~=%.80s.0", version)
	case strings.Contains(version, "+"):
		before, _, _ := strings.Cut(version, "+")
		return fmt.Sprintf("%s does not go with the local part of %.80q", op, version), fmt.Sprintf("write %s%.80s", op, before)
	}
	return "", ""
}

func cutSpace(text string) (first, more string, ok bool) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return text, "", false
	}
	return words[0], strings.Join(words[1:], " "), true
}

func isVersion(text string) bool {
	_, err := pep440.Parse(text)
	return err == nil
}
