package main

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pyproject"
	"gitlab.com/cki-project/pinwheel/renovate"
)

// This file finds in the files of a project what its configuration is made of.

// How many files are read in search of pins and of what repeats them.
const maxPinFiles, maxYAMLFiles = 20, 60

// found is what the files of a project say.
type found struct {
	files       []foundFile
	pythons     []string // minors, in order
	pythonsFrom string   // the file that names them
	renovate    string   // a configuration of Renovate, "" for none
	own         bool     // there is a file of its own for pinwheel
	pipelines   bool     // there is a .gitlab-ci.yml
}

// foundFile is one file of pins, and the YAML that repeats it.
type foundFile struct {
	plan.FilePolicy
	pins int
}

// finding is a search through the files of one commit.
type finding struct {
	paths []string
	read  func(path string) ([]byte, error)
}

var (
	namesPins = regexp.MustCompile(`(?i)(^|/)([^/]*(constraints|requirements)[^/]*|requirements/[^/]+)\.txt$`)
	namesYAML = regexp.MustCompile(`(?i)\.ya?ml$`)
)

// find looks at the files that are named as such files are. Files of constraints come
// before those of requirements, and what lies at the top before what lies deep. A file
// that cannot be read as what it is named after is passed over.
func (s finding) find(own string) (found, error) {
	out := found{own: slices.Contains(s.paths, own), pipelines: slices.Contains(s.paths, ciFile)}
	for _, name := range renovate.FileNames() {
		if slices.Contains(s.paths, name) && name != "package.json" {
			out.renovate = name
			break
		}
	}
	var parsed []*constraints.File
	for _, name := range s.named(namesPins, maxPinFiles) {
		data, err := s.read(name)
		if err != nil {
			return out, err
		}
		f, err := constraints.Read(name, data, "")
		if err != nil || len(f.Pins) == 0 {
			continue
		}
		parsed = append(parsed, f)
		out.files = append(out.files, foundFile{FilePolicy: plan.FilePolicy{Path: name}, pins: len(f.Pins)})
	}
	if err := s.twins(&out, parsed); err != nil {
		return out, err
	}
	return out, s.findPythons(&out)
}

const ciFile = ".gitlab-ci.yml"

// named are the paths that a pattern fits, those of constraints and those at the top
// first.
func (s finding) named(pattern *regexp.Regexp, most int) []string {
	var out []string
	for _, p := range s.paths {
		if pattern.MatchString(p) {
			out = append(out, p)
		}
	}
	rank := func(p string) int {
		if strings.Contains(strings.ToLower(path.Base(p)), "constraints") {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")), strings.Compare(a, b))
	})
	return out[:min(len(out), most)]
}

// twins finds the YAML files that repeat at least half of the names of a file, each for
// one file alone.
func (s finding) twins(out *found, parsed []*constraints.File) error {
	if len(parsed) == 0 {
		return nil
	}
	for _, name := range s.named(namesYAML, maxYAMLFiles) {
		data, err := s.read(name)
		if err != nil {
			return err
		}
		for i, f := range parsed {
			d, ok := repeats(f, name, data)
			if ok && out.files[i].Derived == nil {
				out.files[i].Derived = d
				break
			}
		}
	}
	return nil
}

// repeats finds the key of a YAML file that repeats the pins of f.
func repeats(f *constraints.File, name string, data []byte) (*plan.Derived, bool) {
	nowhere := constraints.Derivation{Path: name, Format: constraints.FormatBlock, Key: []string{"pinwheel looks for the pins", name}}
	_, err := constraints.Derive(f, data, nowhere)
	missing, ok := errors.AsType[*constraints.MissingKeyError](err)
	if !ok || missing.Found == nil {
		return nil, false
	}
	content, err := constraints.ReadDerived(data, constraints.Derivation{Path: name, Format: missing.Format, Key: missing.Found})
	if err != nil {
		return nil, false
	}
	g, err := constraints.Read("", []byte(content.Text), "")
	if err != nil {
		return nil, false
	}
	keys, common := g.Keys(), 0
	for _, key := range f.Keys() {
		if slices.Contains(keys, key) {
			common++
		}
	}
	return &plan.Derived{Path: name, Format: string(missing.Format), Key: missing.Found}, 2*common >= len(f.Keys())
}

// findPythons looks at the images and variables of the pipelines first, then at what the
// project says it requires.
func (s finding) findPythons(out *found) error {
	if out.pipelines {
		data, err := s.read(ciFile)
		if err != nil {
			return err
		}
		if out.pythons = pythonsOfCI(string(data)); len(out.pythons) > 0 {
			out.pythonsFrom = ciFile
			return nil
		}
	}
	for _, name := range []string{"pyproject.toml", "setup.cfg"} {
		if !slices.Contains(s.paths, name) {
			continue
		}
		data, err := s.read(name)
		if err != nil {
			return err
		}
		project, err := pyproject.Parse(name, data, nil)
		if err != nil || project.RequiresPython == "" {
			continue
		}
		if out.pythons = pythonsOfRequires(project.RequiresPython); len(out.pythons) > 0 {
			out.pythonsFrom = name
			return nil
		}
	}
	return nil
}

// The minors of Python that a specifier is tried on.
const oldestMinor, newestMinor = 8, 14

// pythonsOfRequires are the minors that requires-python admits in some release.
func pythonsOfRequires(text string) (out []string) {
	set, err := pep440.ParseSpecifiers(text)
	if err != nil {
		return nil
	}
	for minor := oldestMinor; minor <= newestMinor; minor++ {
		for _, patch := range []int{0, 30} {
			v, err := pep440.Parse(fmt.Sprintf("3.%d.%d", minor, patch))
			if err == nil && set.Contains(v) {
				out = append(out, fmt.Sprintf("3.%d", minor))
				break
			}
		}
	}
	return out
}

var (
	ciImage  = regexp.MustCompile(`(?:^|[/\s"'])python:(3\.\d+)(?:[.\-@\s"']|$)`)
	ciPython = regexp.MustCompile(`(?i)(?:^|[\s{,"'-])\w*python\w*["']?\s*:(\s*\[[^\]]*\]?|\s+["']?3\.\d+["']?(?:[\s,}]|$)|\s*$)`)
	ciItem   = regexp.MustCompile(`^\s*-\s*["']?(3\.\d+)["']?\s*(?:#.*)?$`)
	ciMinor  = regexp.MustCompile(`(?:^|[\s\[,"'])(3\.\d+)(?:[\s\],"']|$)`)
)

// pythonsOfCI are the minors of images named python, and those that variables with
// python in their names hold.
func pythonsOfCI(text string) (out []string) {
	add := func(minor string) {
		if !slices.Contains(out, minor) {
			out = append(out, minor)
		}
	}
	items := false
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimRight(line, "\r\n"), " #")
		for _, m := range ciImage.FindAllStringSubmatch(line, -1) {
			add(m[1])
		}
		if m := ciItem.FindStringSubmatch(line); m != nil && items {
			add(m[1])
			continue
		}
		items = false
		for _, m := range ciPython.FindAllStringSubmatch(line, -1) {
			items = strings.TrimSpace(m[1]) == ""
			// Each comma ends one and may begin another.
			for _, minor := range ciMinor.FindAllStringSubmatch(strings.NewReplacer(",", " , ", "}", " ").Replace(m[1]), -1) {
				add(minor[1])
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
	return out
}
