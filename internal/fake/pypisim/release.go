package pypisim

import (
	"fmt"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Release is one release of a world that is built rather than written. Its
// String is the line of the world's grammar.
type Release struct {
	Name, Version  string
	At             time.Time // zero is the server's now
	RequiresPython string
	Requires       []string // requirement lines
	Extras         []string // names of extras it provides
	Tags           []string // of its files, "sdist" among them; none is one wheel for all
	Metadata       []Switch
}

// AddRelease adds r. Its files are real ones, even where it requires nothing.
// It is an error if the name is none or a switch is unknown.
func (s *Server) AddRelease(r Release) error {
	if !pep508.ValidName(r.Name) {
		return fmt.Errorf("add release: %q is no project's name", r.Name)
	}
	e := event{
		kind: release, at: r.At.UTC(), name: pep508.NormalizeName(r.Name), version: r.Version, python: r.RequiresPython, tags: r.tags(),
		core: core{told: true, requires: r.Requires, extras: r.Extras, switches: r.Metadata},
	}
	if err := e.core.check(); err != nil {
		return fmt.Errorf("add release %s %s: %w", r.Name, r.Version, err)
	}
	if r.At.IsZero() {
		e.at = s.o.Now().UTC()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf(e.name).add(e)
	return nil
}

func (r Release) tags() []string {
	if len(r.Tags) == 0 {
		return []string{"py3-none-any"}
	}
	return r.Tags
}

// String is the statement that adds r. Double quotes, which a statement's
// words cannot hold, become single ones; in a marker they mean the same.
func (r Release) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s files=%s", r.Name, r.Version, r.At.UTC().Format(time.RFC3339), strings.Join(r.tags(), ","))
	if r.RequiresPython != "" {
		fmt.Fprintf(&b, ` "py%s"`, r.RequiresPython)
	}
	for _, extra := range r.Extras {
		b.WriteString(" extra=" + extra)
	}
	for _, line := range r.Requires {
		fmt.Fprintf(&b, ` requires="%s"`, strings.ReplaceAll(line, `"`, "'"))
	}
	for i, word := range r.Metadata {
		b.WriteString([]string{" metadata=", ","}[min(i, 1)] + string(word))
	}
	if len(r.Requires) == 0 {
		b.WriteString(` requires=""`)
	}
	return b.String()
}
