package plan

import "gitlab.com/cki-project/pinwheel/constraints"

// This file makes the content of branches. A plan holds only what changes. The content, which
// may be thousands of pins for each of hundreds of updates, is made when the plan is
// carried out.

// Recipe is how the files of a branch are made.
type Recipe struct {
	Files   []ParsedFile
	Changes []constraints.Change // one for each file
	Twin    bool                 // the derived files alone, as they should be
}

// Made is the action with the content of its files.
func (a CommitBranch) Made() CommitBranch {
	if a.Recipe.Files == nil {
		return a // they are there
	}
	a.Files, _ = a.Recipe.Render() // it could be made before
	return a
}

// Render applies one change to each file.
func (r Recipe) Render() ([]FileChange, error) {
	if r.Twin {
		return TwinFiles(r.Files), nil
	}
	var out []FileChange
	for i, f := range r.Files {
		change := r.Changes[i]
		if len(change.Edits)+len(change.Add)+len(change.Remove) == 0 {
			continue
		}
		data, err := f.Parsed.Rewrite(change)
		if err != nil {
			return nil, err
		}
		out = append(out, FileChange{Path: f.Path, Content: data, Before: f.Data})
		if f.Derived == nil {
			continue
		}
		parsed, err := f.Parsed.Reread(data)
		if err != nil {
			return nil, err
		}
		twin, err := f.Derive(parsed)
		if err != nil {
			return nil, err
		}
		out = append(out, FileChange{Path: f.Derived.Path, Content: twin, Before: f.Derived.Data, Create: f.Derived.Absent})
	}
	return out, nil
}

// TwinFiles are the derived files that disagree with their constraints file on
// the default branch, as they should be.
func TwinFiles(files []ParsedFile) []FileChange {
	var out []FileChange
	for _, f := range files {
		if f.Behind {
			out = append(out, FileChange{Path: f.Derived.Path, Content: f.Twin, Before: f.Derived.Data, Create: f.Derived.Absent})
		}
	}
	return out
}

// ParsedFile is a file of the snapshot after reading it as pip would.
type ParsedFile struct {
	File
	Policy FilePolicy
	Parsed *constraints.File
	Twin   []byte // the derived file as it should be; nil if there is none
	Behind bool   // it is not on the default branch as it should be
}

// Parse reads the file for what pip takes it for.
func (f File) Parse() (*constraints.File, error) { return constraints.Read(f.Path, f.Data, f.Use) }

// Derive renders the twin of parsed over what stands there now.
func (f ParsedFile) Derive(parsed *constraints.File) ([]byte, error) {
	d := f.Policy.Derived
	existing := f.Derived.Data
	if f.Derived.Absent {
		existing = nil
	} else if existing == nil {
		existing = []byte{}
	}
	return constraints.Derive(parsed, existing, d.derivation())
}
