package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

func (p *program) explainCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "explain PACKAGE [PROJECT...]", GroupID: groupLook,
		Short: "say why a pin does not go further",
		Long: `Prints every release newer than the pin, newest first, and the one reason why
each was not taken. Before them stand the settings that decide about the pin,
each with its file and line and the layer of the configuration that has it.

` + helpOfFile,
		Example: `  pinwheel explain boto3 --file constraints.txt`,
	}
	l := lookFlags(c, jsonFlag)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if len(args) == 0 {
			return usage("explain takes the name of a package: pinwheel explain boto3")
		}
		if !pep508.ValidName(args[0]) {
			return usage("%q is not the name of a package", args[0])
		}
		l.call = "explain " + args[0]
		if l.file != "" {
			if err := pinnedIn(l.file, args[0]); err != nil {
				return err
			}
		}
		all, code, err := p.look(ctx, l, args[1:])
		if err != nil {
			return err
		}
		return p.explain(all, code, args[0], l.json)
	}
	return c
}

// pinnedIn is nil if a file on disk pins a package, and where it cannot be read as
// constraints, which the look at it says. No index is asked for a mistyped name.
func pinnedIn(path, name string) error {
	data, err := readFile(path)
	if err != nil {
		return err
	}
	f, err := constraints.Read(path, data, "")
	if err != nil {
		return nil //nolint:nilerr // the look at the file says what is wrong in it
	}
	key := pep508.NormalizeName(name)
	if slices.ContainsFunc(f.Pins, func(p constraints.Pin) bool { return p.Key == key }) {
		return nil
	}
	for _, u := range f.Unmanaged {
		switch {
		case u.Key != key:
		case u.Kind == constraints.KindRange:
			return usage("%s:%d: %s is a range, not a pin", path, u.Line, u.Text)
		default:
			return usage("%s:%d: %s is no pin: %s", path, u.Line, u.Text, u.Reason)
		}
	}
	return usage("%s pins no %s", path, name)
}

func (p *program) explain(all []seen, code int, name string, asJSON bool) error {
	key := pep508.NormalizeName(name)
	found := false
	for _, s := range all {
		for _, e := range decide.Explain(s.Snapshot, key) {
			if asJSON {
				if err := p.line(explainedOf(s, e)); err != nil {
					return err
				}
			} else {
				if found {
					fmt.Fprintln(p.out)
				}
				p.explanation(s, e)
			}
			found = true
		}
	}
	switch {
	case code != exitDone:
		return failure{code: code}
	case !found:
		return usage("no file pins %s: pinwheel plan shows what is pinned", name)
	}
	return nil
}

func (p *program) explanation(s seen, e plan.Explanation) {
	where := fmt.Sprintf("%s:%d", e.Pin.File, e.Pin.Line)
	if s.path != e.Pin.File {
		where = s.path + ", " + where
	}
	pythons := "any Python (python is not set)"
	if len(e.Pythons) > 0 {
		pythons = "Python " + strings.Join(e.Pythons, ", ")
	}
	fmt.Fprintf(p.out, "%s %s (%s), %s, for %s\n", printable(e.Pin.Name), printable(e.Pin.Version), where, plan.SpokenIndex(e.Index), pythons)
	if e.Why != nil {
		fmt.Fprintf(p.out, "  %s\n", printable(plan.Plainly(e.Why)))
	} else if len(e.Releases) == 0 {
		fmt.Fprintln(p.out, "  no release is newer")
	}
	if s.path != e.Pin.File { // without a project nothing opens
		p.updatesOf(s.Plan, e.Pin)
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	for _, s := range e.Settings {
		fmt.Fprintf(w, "  %s\t%s\t(%s)\n", s.Key, printable(s.Value), s.Place())
	}
	w.Flush() //nolint:errcheck // as every print
	for _, r := range e.Releases {
		released, reason := "no date", printable(plan.Plainly(r.Why))
		if !r.Released.IsZero() {
			released = r.Released.UTC().Format("2006-01-02")
		}
		if reason == "" {
			reason = "offered"
			if s.path != e.Pin.File { // without a project nothing opens
				reason += stateOf(s.Plan, e.Pin, r.Version)
			}
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", printable(r.Version), released, reason)
	}
	w.Flush() //nolint:errcheck // as every print
}

// stateOf says after a colon how the update stands that takes a pin to a version;
// empty if nothing is known of that.
func stateOf(all plan.Plan, pin plan.Pin, version string) string {
	for _, u := range all.Updates {
		if !slices.ContainsFunc(u.Moves, func(m plan.Move) bool { return m.File == pin.File && m.Line == pin.Line && m.To == version }) {
			continue
		}
		return ": " + cmp.Or(printable(u.Why.AfterColon()), string(u.State))
	}
	return ""
}

// updatesOf says how the updates of a pin stand, each on a line, with all that
// the dashboard leaves to the heading of its section.
func (p *program) updatesOf(all plan.Plan, pin plan.Pin) {
	for _, u := range all.Updates {
		if slices.ContainsFunc(u.Moves, func(m plan.Move) bool { return m.File == pin.File && m.Line == pin.Line }) {
			fmt.Fprintf(p.out, "  %s: %s. %s\n", printable(u.Title), u.State, printable(u.Why.Plainly()))
		}
	}
}
