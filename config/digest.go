package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"
)

// digestOf is a digest of what a configuration says to the runs of a project. What stands under listen
// is no part of it, since no run depends on that, and processes on one machine each have addresses of
// their own. How many lines that takes is, since reasons name lines.
func digestOf(data []byte, root *yaml.Node) string {
	sum := sha256.New()
	lines := bytes.SplitAfter(data, []byte("\n"))
	if from, to := ownLines(root, "listen", len(lines)); from > 0 {
		fmt.Fprintf(sum, "listen in %d lines from %d on\n", to-from, from)
		lines = append(lines[:from-1:from-1], lines[to-1:]...)
	}
	sum.Write(bytes.Join(lines, nil))
	return hex.EncodeToString(sum.Sum(nil))
}

// ownLines are the lines that a key of a mapping has for itself, with the comments after it: from the
// first to one before the second. from is 0 where it has none, and where something else may refer to
// what stands there.
func ownLines(n *yaml.Node, key string, lines int) (from, to int) {
	if n.Style&yaml.FlowStyle != 0 {
		return 0, 0
	}
	to = lines + 1
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch line := n.Content[i].Line; {
		case from > 0:
			return from, line
		case n.Content[i].Value == key && !anchored(n.Content[i+1]):
			from = line
		}
	}
	return from, to
}

// anchored reports whether an alias elsewhere may stand for a part of a node.
func anchored(n *yaml.Node) bool {
	return n.Anchor != "" || slices.ContainsFunc(n.Content, anchored)
}
