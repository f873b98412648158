package prepare

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// This file checks whether a set can be made, and makes nothing.

// Seen is what the repository of a member answered.
type Seen struct {
	Project, Ref string
	SHA          string // of the ref; empty if the set names a commit
	Err          error
}

// Look asks every repository of the set for its ref, as a lock would, in the order of the set. It
// does not follow what members require.
func Look(ctx context.Context, w Wanted, with Locking) ([]Seen, error) {
	scratch, err := os.MkdirTemp("", "pinwheel-prepare-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	protocols := "https"
	if w.Plain {
		protocols += ":http"
	}
	g := &git{scratch, protocols, gitSettings(with.Credential, with.CAFile)}
	c := &closure{wanted: w}
	var out []Seen
	for _, list := range [][]Entry{w.Packages, w.Data} {
		for _, e := range list {
			s := c.source(e)
			seen := Seen{Project: e.Project, Ref: e.Ref}
			seen.SHA, seen.Err = g.at(ctx, s)
			out = append(out, seen)
		}
	}
	return out, ctx.Err()
}

// at is the commit of a ref in a repository. A branch comes before a tag.
func (g *git) at(ctx context.Context, s Source) (string, error) {
	if fullSHA.MatchString(s.Ref) {
		_, err := g.run(ctx, g.scratch, "ls-remote", "-q", s.Repository, "HEAD")
		if err != nil {
			err = explainGit(s, err)
		}
		return "", err
	}
	out, err := g.run(ctx, g.scratch, "ls-remote", "-q", s.Repository, "refs/heads/"+s.Ref, "refs/tags/"+s.Ref)
	if err != nil {
		return "", explainGit(s, err)
	}
	sha, _, found := bytes.Cut(out, []byte("\t"))
	if !found {
		return "", mistake("%s has no branch, tag or commit %s: correct the name, or push it", s.Repository, s.Ref)
	}
	return string(sha), nil
}

var gitVersion = regexp.MustCompile(`^git version (\d+)\.(\d+)`)

// GitVersion is the version of this machine's git. It returns an error if there is none, or if it
// is older than the first that reads all of its settings from its environment.
// https://github.com/git/git/blob/master/Documentation/RelNotes/2.32.0.txt
func GitVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "git", "--version").Output()
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", mistake("there is no git on this machine: add it to the image")
	}
	version := strings.TrimSpace(strings.TrimPrefix(string(out), "git version "))
	m := gitVersion.FindStringSubmatch(string(out))
	if m == nil {
		return version, nil // an unknown form is not refused
	}
	major, _ := strconv.Atoi(m[1]) // digits
	minor, _ := strconv.Atoi(m[2])
	if major < 2 || major == 2 && minor < 32 {
		return version, mistake("git %s is too old, and would read settings of the machine: a set needs git 2.32 or newer", version)
	}
	return version, nil
}

// LookAtPython asks a Python what it is, and whether it makes virtual environments with pip.
func LookAtPython(ctx context.Context, python string) (Interpreter, error) {
	i, err := AskInterpreter(ctx, python)
	if err != nil {
		return Interpreter{}, err
	}
	if err := exec.CommandContext(ctx, i.Executable, "-I", "-c", "import venv, ensurepip").Run(); err != nil { //nolint:gosec // the interpreter that the configuration names
		return i, mistake("%s cannot make a virtual environment: add its modules venv and ensurepip to the image", python)
	}
	return i, ctx.Err()
}

// Words name an interpreter in messages.
func (i Interpreter) Words() string { return fmt.Sprintf("%s %s", i.Implementation, i.Version) }
