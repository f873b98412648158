package renovate

import (
	"errors"
	"slices"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/text"
)

// This file reads a configuration as the policy of a project that is run by it.

// Overlay is a project with a configuration as a layer above the operator's.
type Overlay struct {
	Project config.Project
	Keys    []string // of pinwheel that the configuration sets
	Text    string   // what it became: the text of a project's own file
}

// Source is a configuration by which a project is run.
type Source struct {
	File   string // the path in the repository
	Data   []byte
	Branch string // the project's default branch
	// Preset is as in Options.
	Preset func(name string) ([]byte, bool)
}

// Lay lays a configuration over what the operator wrote for a project. The keys of the policy
// have the lines of its file. A key that is refused is an error, since without it the project
// would be run otherwise than its file says. So is a preset that cannot be read. What another
// project's preset says is not quoted: not everybody who reads this project may read that one.
// The error is a config.Errors.
func Lay(project config.Project, from Source) (Overlay, error) {
	file := from.File
	var paths []string
	for _, f := range project.Policy.Files {
		paths = append(paths, f.Path)
	}
	res, err := Read(file, from.Data, Options{Files: paths, Project: project.Path, Branch: from.Branch, Preset: from.Preset})
	if wrong, ok := errors.AsType[*SyntaxError](err); ok {
		return Overlay{}, config.Errors{{Path: file, Line: wrong.Line, Text: text.Plain(wrong.Text, 600)}}
	}
	if err != nil {
		return Overlay{}, config.Errors{{Path: file, Text: err.Error()}}
	}
	var refused config.Errors
	for _, l := range res.Lines {
		switch {
		case l.Verdict != Refused:
		case l.File != file:
			elsewhere := config.Error{Path: file, Line: l.after, Text: "extends " + text.Plain(l.File, 100) + ", which has keys that pinwheel refuses: pinwheel import --project " + project.Path + " names them"}
			if !slices.Contains(refused, elsewhere) {
				refused = append(refused, elsewhere)
			}
		default:
			refused = append(refused, config.Error{Path: file, Line: l.after, Key: l.Key, Text: "refused: " + l.Says})
		}
	}
	if len(refused) > 0 {
		return Overlay{}, refused
	}
	own, keys, err := project.OwnFrom(file, res.Own, res.From)
	if err != nil {
		return Overlay{}, err
	}
	return Overlay{Project: own, Keys: keys, Text: string(res.Own)}, nil
}

// File is the first of the files that Renovate looks for, which read returns by their names.
// found is false if there is none. An error of read ends the search.
func File(read func(name string) (data []byte, found bool, err error)) (name string, data []byte, found bool, err error) {
	for _, name := range FileNames() {
		data, found, err := read(name)
		if err != nil {
			return "", nil, false, err
		}
		if found && Counts(name, data) {
			return name, data, true, nil
		}
	}
	return "", nil, false, nil
}
