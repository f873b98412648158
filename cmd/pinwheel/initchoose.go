package main

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// choose settles which files count, and when and how updates open.
func (s *setup) choose(context.Context) (err error) {
	if err := s.choosePins(); err != nil {
		return err
	}
	if s.zone == "" {
		if s.zone, err = s.questions.ask("Merge requests open at weekends, in which time zone", "UTC"); err != nil {
			return err
		}
	}
	if s.batch != "" || !s.found.pipelines || s.theirs.PipelinesOff {
		return nil
	}
	if s.questions == nil {
		fmt.Fprintf(s.out, "hint     %s has pipelines: with --batch weekly all updates come as one merge request, which is taken apart if its pipeline is red\n", s.project)
		return nil
	}
	yes, err := s.questions.yes(s.project + " has pipelines: one merge request for all updates, taken apart if its pipeline is red")
	if yes {
		s.batch = "weekly"
	}
	return err
}

// choosePins settles which files count: those of constraints, unless there are none or
// somebody says otherwise.
func (s *setup) choosePins() (err error) {
	var all, usual []string
	for _, f := range s.found.files {
		all = append(all, f.Path)
		if strings.Contains(strings.ToLower(path.Base(f.Path)), "constraints") {
			usual = append(usual, f.Path)
		}
	}
	if len(usual) == 0 {
		usual = all
	}
	switch {
	case len(s.pins) > 0:
		return nil
	case len(all) == 0:
		return failure{exitStopped, fmt.Errorf("no file of %s named constraints.txt or requirements.txt pins packages: name one with --pins", s.project)}
	}
	answer := strings.Join(usual, " ")
	if len(all) > 1 {
		if answer, err = s.questions.ask("Files that pinwheel keeps moving, of these", answer); err != nil {
			return err
		}
	}
	s.pins = strings.Fields(strings.ReplaceAll(answer, ",", " "))
	return nil
}

// keys are those of the project, as YAML.
func (s *setup) keys() string {
	var b strings.Builder
	b.WriteString("files:\n")
	for _, name := range s.pins {
		fmt.Fprintf(&b, "  - path: %q\n", name)
		i := slices.IndexFunc(s.found.files, func(f foundFile) bool { return f.Path == name })
		if i < 0 || s.found.files[i].Derived == nil {
			continue
		}
		d := s.found.files[i].Derived
		fmt.Fprintf(&b, "    derived: {path: %q, format: %s, key: %s}\n", d.Path, d.Format, quotedList(d.Key))
	}
	if s.zone != "" {
		fmt.Fprintf(&b, "timezone: %q\n", s.zone)
	}
	if len(s.found.pythons) > 0 {
		fmt.Fprintf(&b, "python: %s # as %s says\n", quotedList(s.found.pythons), s.found.pythonsFrom)
	}
	if s.batch != "" {
		fmt.Fprintf(&b, "batch: %q\n", s.batch)
	}
	return b.String()
}
