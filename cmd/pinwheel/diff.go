package main

import (
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"gitlab.com/cki-project/pinwheel/plan"
)

// diffs prints what every branch that would be written changes.
func (p *program) diffs(s seen) {
	main := map[string][]byte{}
	for _, f := range s.Snapshot.Files {
		main[f.Path] = f.Data
		if f.Derived != nil {
			main[f.Derived.Path] = f.Derived.Data
		}
	}
	for _, a := range s.Plan.Actions {
		commit, ok := a.(plan.CommitBranch)
		if !ok {
			continue
		}
		fmt.Fprintf(p.out, "\n%s\n", printable(commit.Branch))
		for _, f := range commit.Made().Files {
			fmt.Fprint(p.out, p.coloured(unified(f.Path, main[f.Path], f.Content, p.screen)))
		}
	}
}

// coloured makes what goes red and what comes green, where colour may show.
func (p *program) coloured(diff string) string {
	if !p.colour {
		return diff
	}
	var b strings.Builder
	for l := range strings.Lines(diff) {
		code := map[byte]string{'-': "31", '+': "32", '@': "36"}[l[0]]
		if code == "" {
			b.WriteString(l)
			continue
		}
		fmt.Fprintf(&b, "\x1b[%sm%s\x1b[0m\n", code, strings.TrimSuffix(l, "\n"))
	}
	return b.String()
}

// unified is the difference in the form of diff -u, without times: a patch for
// patch -p0 and git apply -p0. Equal texts give "". It holds the bytes of the
// files, but for the passwords of addresses. For a screen it holds no control
// characters, and is no patch where the files have some.
func unified(path string, from, to []byte, screen bool) string {
	name := printable(path)
	if strings.ContainsAny(name, " \t") {
		name += "\t" // behind it, others write the time
	}
	_, body, _ := strings.Cut(string(diff.Diff(name, from, name, to)), "\n") // the first line is a command's
	show := masked
	if screen {
		show = printable
	}
	var b strings.Builder
	heads := 2 // --- and +++
	for l := range strings.Lines(body) {
		if heads > 0 || l[0] == '@' || l[0] == '\\' {
			heads--
			b.WriteString(l)
			continue
		}
		b.WriteString(l[:1] + show(strings.TrimSuffix(l[1:], "\n")) + "\n")
	}
	return b.String()
}
