package oracle

import (
	"regexp"
	"slices"
	"strings"
)

// legacyMatch compares two texts as legacy versions.
func legacyMatch(op, a, b string) bool {
	c := slices.Compare(legacyKey(a), legacyKey(b))
	switch op {
	case "==":
		return c == 0
	case "!=":
		return c != 0
	case "<=":
		return c <= 0
	case ">=":
		return c >= 0
	case "<":
		return c < 0
	}
	return c > 0
}

var legacyPiece = regexp.MustCompile(`[0-9]+|[a-z]+|\.|-|[^0-9a-z.-]+`)

// legacyKey orders versions as setuptools did before PEP 440.
func legacyKey(text string) []string {
	var key []string
	add := func(piece string) {
		if strings.HasPrefix(piece, "*") {
			for piece < "*final" && len(key) > 0 && key[len(key)-1] == "*final-" {
				key = key[:len(key)-1]
			}
			for len(key) > 0 && key[len(key)-1] == "00000000" {
				key = key[:len(key)-1]
			}
		}
		key = append(key, piece)
	}
	for _, piece := range legacyPiece.FindAllString(strings.ToLower(text), -1) {
		switch piece {
		case "pre", "preview", "rc":
			piece = "c"
		case "-":
			piece = "final-"
		case "dev":
			piece = "@"
		case ".":
			continue
		}
		if isDigits(piece) {
			add(strings.Repeat("0", max(0, 8-len(piece))) + piece)
		} else {
			add("*" + piece)
		}
	}
	add("*final")
	return key
}
