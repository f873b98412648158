package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// This file names what a batch is made of, and the probes that take it apart when
// it is red.

// ProbeLabel is on every merge request of a probe, and BreaksLabel on that of an
// update which was proven to break tests.
const (
	ProbeLabel  = "probe"
	BreaksLabel = "breaks-tests"
)

// Parts are what a batch is made of. Each part has the normalised names that only install
// together. They are in the order in which they are tested: least suspected first.
type Parts [][]string

// Text is the machine's form: names joined by +, parts by blanks.
func (p Parts) Text() string {
	out := make([]string, len(p))
	for i, part := range p {
		out[i] = strings.Join(part, "+")
	}
	return strings.Join(out, " ")
}

func parseParts(s string) (out Parts) {
	for part := range strings.FieldsSeq(s) {
		out = append(out, strings.Split(part, "+"))
	}
	return out
}

// Bisects reports whether a group is taken apart when it is red.
func (p Policy) Bisects(group string) bool {
	if group == "" {
		return false
	}
	if group == p.Batch {
		return true
	}
	for _, r := range p.Rules {
		if r.Group == group && r.Bisect == Yes {
			return true
		}
	}
	return false
}

// Probe is one test of a part of a batch, as its branch names it.
type Probe struct {
	Group   string // the name of the group
	Head    string // the commit of the batch that it is a part of
	Set     string // the digest of what is tested
	Attempt int    // from 1
}

const probe = "probe-"

// Branch is the branch of the probe.
func (p Probe) Branch(prefix string) string {
	return fmt.Sprintf("%s%s-%d", p.Prefix(prefix), p.Set, p.Attempt)
}

// Prefix begins the branches of all probes of the same commit of a batch.
func (p Probe) Prefix(prefix string) string {
	return fmt.Sprintf("%s%s%s-%.8s-", prefix, probe, groupSlug(p.Group), p.Head)
}

// IsProbe reports whether a branch is named like that of a probe.
func IsProbe(prefix, branch string) bool { return strings.HasPrefix(branch, prefix+probe) }

// ParseProbe reads Set and Attempt from a branch that begins as p does; ok is false for
// any other.
func (p Probe) ParseProbe(prefix, branch string) (Probe, bool) {
	rest, found := strings.CutPrefix(branch, p.Prefix(prefix))
	set, attempt, parted := strings.Cut(rest, "-")
	n, err := strconv.Atoi(attempt)
	if !found || !parted || err != nil || n < 1 {
		return Probe{}, false
	}
	p.Set, p.Attempt = set, n
	return p, true
}

// PartTest is a pipeline that tests a part of a batch, for texts: nothing reads one back.
type PartTest struct {
	MR       int64    `json:"probe,omitempty"`    // the probe's merge request; 0: the batch's own
	Packages []string `json:"packages,omitempty"` // which are tested, as they are written
	All      int      `json:"all,omitempty"`      // of the batch's own: how many updates it has
	Result   Result   `json:"result,omitempty"`   // None: it did not run to its end
	Jobs     []string `json:"jobs,omitempty"`     // that failed
}

// TestsDigest is the digest of a description that also shows tests.
func TestsDigest(digest string, tests []PartTest) string {
	if len(tests) == 0 {
		return digest
	}
	parts := []string{digest}
	for _, t := range tests {
		parts = append(parts, strconv.FormatInt(t.MR, 10), strings.Join(t.Packages, " "), strconv.Itoa(t.All), string(t.Result), strings.Join(t.Jobs, "\n"))
	}
	h := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(h[:8])
}

// TestOf is what the description of a probe says beyond its moves.
type TestOf struct {
	MR    int64  // the merge request of the batch
	Group string // its name
	All   int    // how many updates the batch has, and Parts how many of them are tested
	Parts int
}

// Break says of an update that it breaks tests, with the proof.
type Break struct {
	Of      []string `json:"of,omitempty"`   // the keys of those that break tests; empty: all that the update moves
	Batch   int64    `json:"batch"`          // the merge request of the batch of which it was a part
	With    []string `json:"with,omitempty"` // those with which alone it fails, by name; empty if it fails by itself
	Jobs    []string `json:"jobs,omitempty"`
	Probes  []int64  `json:"red"`             // merge requests in whose pipelines it was red
	Without int64    `json:"green,omitempty"` // and the one in which all but it was green; 0 if nothing else was left
}

// text is the machine's form, percent-encoded; empty for none.
func (k *Break) text() string {
	if k == nil {
		return ""
	}
	data, err := json.Marshal(k)
	if err != nil {
		return ""
	}
	return url.QueryEscape(string(data))
}

func parseBreak(s string) *Break {
	var k Break
	if json.Unmarshal([]byte(s), &k) != nil {
		return nil
	}
	return &k
}

// BatchEnd says how taking a batch apart ended.
type BatchEnd struct {
	Pipelines int // that ran to their end, its own with them
	All, Good int // how many updates it had, and has now
	Green     int64
	Out       []BatchOut
	Waits     []BatchWait
	Unclear   []string // by name: red every time, never in the same job
}

// BatchOut is one that breaks tests.
type BatchOut struct {
	Names []string
	Break *Break
	MR    int64 // its own merge request, 0 for none
}

// BatchWait is one that cannot be tested without another one that is out.
type BatchWait struct{ Names, For []string }
