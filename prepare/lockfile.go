package prepare

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// LockName is the file of a lock in its folder, ConstraintsName that of its
// constraints, and MirrorName the folder of its repositories.
const (
	LockName        = "software.lock.json"
	ConstraintsName = "constraints.txt"
	MirrorName      = "mirror"
)

// Lock is one set of software. Its JSON is stable: the same set, from constraints of one
// source, is the same bytes.
type Lock struct {
	Format      int         `json:"format"` // 1
	Packages    []Package   `json:"packages"`
	Data        []Data      `json:"data"`
	Constraints Constraints `json:"constraints"`
}

// Package is a project that pip installs, sorted by name.
type Package struct {
	Name         string `json:"name"` // as its own source says; else the last part of its path
	Project      string `json:"project"`
	URL          string `json:"url"` // of the repository that the commit is from
	Ref          string `json:"ref"` // that was resolved; empty for the default branch
	SHA          string `json:"sha"`
	Subdirectory string `json:"subdirectory,omitempty"`
	// OverriddenBy is the variable that replaced what the set or a requirement names.
	OverriddenBy string `json:"overridden_by,omitempty"`
	// Requirement is the requirement that pip gets; empty for a package that is there only because
	// others require it.
	Requirement string `json:"requirement,omitempty"`
	// Asked are the addresses that requirements use for it, and Refs the refs.
	Asked []string `json:"asked"`
	Refs  []string `json:"refs"`
	// RequiredBy are the members that require it by URL.
	RequiredBy []string `json:"required_by,omitempty"`
	// Unread says why its requirements could not be read, so that nothing was followed.
	Unread string `json:"unread,omitempty"`
}

// Data is a project whose tree is unpacked, sorted by name.
type Data struct {
	Name         string `json:"name"`
	Project      string `json:"project"`
	URL          string `json:"url"`
	Ref          string `json:"ref"`
	SHA          string `json:"sha"`
	OverriddenBy string `json:"overridden_by,omitempty"`
}

// Constraints are the bytes under which pip runs.
type Constraints struct {
	Source string `json:"source"` // the file or variable they are from, for messages; empty in a tarball
	SHA256 string `json:"sha256"`
	Text   string `json:"text"`
}

// NewConstraints are constraints with their digest.
func NewConstraints(source string, text []byte) Constraints {
	return Constraints{source, digestOf(text), string(text)}
}

// Encode is the lock as a file.
func (l Lock) Encode() []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(l); err != nil {
		panic(err) // it has only texts and numbers
	}
	return out.Bytes()
}

// Digest is the SHA-256, in hexadecimal, of what the lock installs. It does not depend on where the
// constraints were read. So a file and a variable with the same bytes give the same lock, and every
// pipeline finds the builds of the others.
func (l Lock) Digest() string { return digestOf(l.packed()) }

// packed is the lock as a tarball has it. The same digest means the same bytes.
func (l Lock) packed() []byte {
	l.Constraints.Source = ""
	return l.Encode()
}

// Overridden names the variables that replaced something.
func (l Lock) Overridden() []string {
	var out []string
	for _, p := range l.Packages {
		out = append(out, p.OverriddenBy)
	}
	for _, d := range l.Data {
		out = append(out, d.OverriddenBy)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// ReadLock reads what Encode wrote. It refuses a lock that was changed, that is of a newer format,
// or whose commits are none.
func ReadLock(data []byte) (Lock, error) {
	var l Lock
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return Lock{}, fmt.Errorf("%s cannot be read as a lock: make it anew with pinwheel prepare lock", LockName)
	}
	if l.Format != 1 {
		return Lock{}, fmt.Errorf("%s has format %d, which this pinwheel does not know: use the one that wrote it", LockName, l.Format)
	}
	if digestOf([]byte(l.Constraints.Text)) != l.Constraints.SHA256 {
		return Lock{}, fmt.Errorf("%s: the constraints in it are not those of its digest: make it anew with pinwheel prepare lock", LockName)
	}
	names := map[string]bool{}
	for _, p := range l.Packages {
		if err := checkMember(p.Name, p.SHA, names); err != nil {
			return Lock{}, err
		}
	}
	clear(names)
	for _, d := range l.Data {
		if err := checkMember(d.Name, d.SHA, names); err != nil {
			return Lock{}, err
		}
	}
	return l, nil
}

func checkMember(name, sha string, names map[string]bool) error {
	if !memberName(name) || !fullSHA.MatchString(sha) || names[name] {
		return fmt.Errorf("%s: %q is no member that a lock can have: make it anew with pinwheel prepare lock", LockName, name)
	}
	names[name] = true
	return nil
}

// memberName reports whether a member may have a name, which becomes that of a folder.
func memberName(name string) bool {
	return projectPath.MatchString(name) && !strings.Contains(name, "/") && !strings.Contains(name, "..")
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
