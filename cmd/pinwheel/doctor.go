package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

func (p *program) doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "doctor [PROJECT...]", GroupID: groupCheck,
		Short: "check token, rights, indexes, clocks, windows and database",
		Long: `Asks what a run will need and prints a line for each answer, which begins with
ok, warning or error and ends with what to do. It looks at the scope and end of
each token, GitLab's version and clock, the database, every index with its
password, and for each project, with its own token if it has one, at the role,
the settings, the protected branches, the files, and when the schedule next
falls into the window. Where a set of software is configured it looks at git,
the interpreters of this machine, the projects of the set and their refs, what
overrides may name, and where builds are kept, and with software.deploy at what
may move and move back each production branch. With listen it looks whether the
addresses are free, the token of webhooks is there, and GitLab knows the
application of sign-ins.
It writes nothing to GitLab.

The exit code is 1 when a line is an error, and 0 otherwise.`,
		Example: `  pinwheel doctor
  pinwheel doctor group/project --json`,
	}
	o := shared(c, configFlag, atFlag, jsonFlag)
	c.ValidArgsFunction = completeProjects(o)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		s, err := p.subject(o, args)
		if s.config != nil && len(s.config.Projects)+len(args) == 0 {
			err = nil // a set of software alone
		}
		if err != nil {
			return err
		}
		d := &doctor{program: p, config: s.config, json: o.json, shared: newSharedRules(s.config), now: s.now, stopped: func() bool { return ctx.Err() != nil }}
		if err := d.examine(ctx, s.projects); err != nil {
			return err
		}
		if d.errors > 0 {
			return failure{code: exitFailed}
		}
		return nil
	}
	return c
}

// doctor is one examination.
type doctor struct {
	*program
	config  *config.Config
	shared  *sharedRules
	json    bool
	now     time.Time
	errors  int
	timed   bool // GitLab's clock was compared
	options reconcile.Options
	bot     plan.User
	merger  plan.User // whose token merges; zero if that is bot
	pins    []string  // names of the projects' pins, to ask indexes for
	stopped func() bool
}

// grade is how a line begins.
type grade string

const (
	good  grade = "ok"
	doubt grade = "warning"
	wrong grade = "error"
)

// say prints a line about a subject.
func (d *doctor) say(g grade, subject, format string, args ...any) {
	if d.stopped() {
		return // what failed now failed for that
	}
	if g == wrong {
		d.errors++
	}
	text := printable(fmt.Sprintf(format, args...))
	if d.json {
		d.line(examinedOut{string(g), printable(subject), text}) //nolint:errcheck // as every print
		return
	}
	fmt.Fprintf(d.out, "%-7s  %s: %s\n", g, printable(subject), text)
}

// examine looks at everything, whatever is wrong before: a dead GitLab keeps
// nobody from hearing of an index.
func (d *doctor) examine(ctx context.Context, projects []config.Project) error {
	if len(projects) == 0 {
		if _, err := d.config.Token(d.env); err != nil && d.config.Software.Deploy.Configured() {
			d.production(ctx) // the configuration of deployments alone
			return ctx.Err()
		}
		d.softwareAlone(ctx)
		d.botsAlone(ctx)
		d.production(ctx)
		d.indexes(ctx)
		return ctx.Err()
	}
	d.database(ctx)
	d.listens(ctx)
	if err := d.gitlab(d.config, &d.options); err != nil {
		d.say(wrong, "token", "%s", sentence(err))
	} else if d.tokens(ctx, projects) {
		d.sharedRules()
		d.software(ctx)
		d.bots(ctx)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.production(ctx)
	for _, project := range projects {
		d.window(project)
	}
	d.indexes(ctx)
	return ctx.Err()
}

// database looks at the file, and makes none.
func (d *doctor) database(ctx context.Context) {
	subject := "database " + d.config.Store
	if noDatabase(d.config) {
		if err := store.Creatable(d.config.Store); err != nil {
			d.say(wrong, subject, "%v", err)
			return
		}
		d.say(good, subject, "is not there yet; the first run makes it")
		return
	}
	s, err := d.program.database(ctx, d.config)
	if err != nil {
		d.say(wrong, "database", "%v", err)
		return
	}
	defer s.Close() //nolint:errcheck // it was only read
	if note := s.Notice(); note != "" {
		d.say(doubt, subject, "%s", note)
		return
	}
	if err := s.Check(ctx); err != nil {
		d.say(wrong, subject, "%v", err)
		return
	}
	if !store.OnServer(d.config.Store) {
		d.say(good, subject, "is whole")
		return
	}
	clock, err := s.Clock(ctx)
	switch apart := time.Until(clock).Abs(); {
	case err != nil:
		d.say(wrong, subject, "%v", err)
	case apart > serverSkew:
		d.say(doubt, subject, "answers, and its clock is %s apart from that of this machine: set both by NTP, since clocks tell whether a run is alive", apart.Round(time.Second))
	default:
		d.say(good, subject, "answers")
	}
}

// The doctor's patience: how soon a token's end is news, and how far clocks
// may be apart.
const (
	serverSkew = 5 * time.Second // of a database on a server
	soon       = 30 * 24 * time.Hour
	skew       = 2 * time.Minute
)

// token looks at the token in use, of which lines are named subject, and at GitLab's clock. It reports
// whether GitLab answers.
func (d *doctor) token(ctx context.Context, subject string) bool {
	bot, err := d.options.GitLab.Whoami(ctx)
	if err != nil {
		d.say(wrong, subject, "%s", sentence(err))
		return false
	}
	d.bot = plan.User(bot)
	d.mergeToken(ctx)
	t, err := d.options.GitLab.Token(ctx)
	if err != nil {
		d.say(doubt, subject, "of %s works, but what it may do cannot be read (%v): a project, group or personal access token with the scope api is best", bot.Username, err)
		return true
	}
	d.scopes(subject, bot.Username, t)
	if d.timed {
		return true
	}
	d.timed = true
	// What is asked is the machine's clock, whatever --at says.
	switch off := d.program.now().Sub(t.Server); {
	case t.Server.IsZero():
		d.say(doubt, "clock", "GitLab tells no time, so this machine's is not compared")
	case off.Abs() > skew:
		d.say(wrong, "clock", "this machine is %s off GitLab's clock: set it, for windows and ages are read from it", off.Abs().Round(time.Second))
	default:
		d.say(good, "clock", "agrees with GitLab's")
	}
	return true
}

// scopes says what a token may do, and until when.
func (d *doctor) scopes(subject, user string, t gitlab.Token) {
	switch {
	case !slices.Contains(t.Scopes, "api"):
		d.say(wrong, subject, "of %s has the scopes %s: make one with the scope api", user, strings.Join(t.Scopes, ", "))
	case t.Expires.IsZero():
		d.say(doubt, subject, "of %s has the scope api and never expires: one with an end is safer", user)
	case t.Expires.Sub(d.now) < soon:
		d.say(doubt, subject, "of %s has the scope api and expires on %s: rotate it before", user, t.Expires.Format(time.DateOnly))
	default:
		d.say(good, subject, "of %s has the scope api and expires on %s", user, t.Expires.Format(time.DateOnly))
	}
}

// version says which GitLab this is, and whether what is configured needs a newer
// one.
func (d *doctor) version(ctx context.Context, projects []config.Project) {
	v, err := d.options.GitLab.Version(ctx)
	if err != nil {
		d.say(doubt, "gitlab", "its version cannot be read (%v): pinwheel is made for %s and newer", err, gitlab.Oldest)
		return
	}
	var inputs []string
	for _, project := range projects {
		if len(project.Policy.OnOpen.Inputs) > 0 && project.Policy.Mode == plan.Full {
			inputs = append(inputs, project.Path)
		}
	}
	switch {
	case v.Before(gitlab.Inputs) && len(inputs) > 0:
		d.say(wrong, "gitlab", "is %s, which does not know inputs of pipelines: update it to %s or newer, or take on_open.pipeline.inputs out of %s", v, gitlab.Inputs, strings.Join(inputs, ", "))
	case v.Before(gitlab.Oldest):
		d.say(doubt, "gitlab", "is %s, and pinwheel is made for %s and newer: update it", v, gitlab.Oldest)
	default:
		d.say(good, "gitlab", "is %s", v)
	}
}

// window says when the schedule next falls into the window.
func (d *doctor) window(project config.Project) {
	w := project.Policy.Window
	if project.Policy.Mode != plan.Full {
		return
	}
	zone := w.Zone()
	at, ok := meet(d.config.Schedule, w, d.now)
	if !ok {
		d.say(wrong, project.Path, "the schedule %q never falls into the window %q in five years, so nothing opens without a tick: change one of them", d.config.Schedule, strings.Join(w.Text(), ", "))
		return
	}
	d.say(good, project.Path, "schedule and window meet next on %s %s", at.In(zone).Format("Mon 2 Jan 2006 15:04"), zone)
}

// indexes asks every index for the names that it owns of the pins, or for one
// that it would own.
func (d *doctor) indexes(ctx context.Context) {
	sources, err := d.sources(d.config)
	if err != nil {
		d.say(wrong, "index", "%s", sentence(err))
		return
	}
	client, err := d.index(d.config)
	if err != nil {
		d.say(wrong, "ca_file", "%v", err)
		return
	}
	for _, index := range d.config.Indexes {
		var requests []pypi.Request
		names := d.owned(index.Name)
		for _, name := range names {
			requests = append(requests, pypi.Request{Source: sources[index.Name], Name: name})
		}
		var unknown []string
		var failure error
		client.FetchEach(ctx, requests, nil, func(i int, r pypi.Result) {
			switch {
			case r.Err != nil && failure == nil:
				failure = r.Err
			case r.Err == nil && !r.Answer.Known:
				unknown = append(unknown, requests[i].Name)
			}
		})
		slices.Sort(unknown)
		d.answers(index, names, unknown, failure)
	}
}

// indexAdvice is what mends an index that did not answer as it should.
func indexAdvice(index config.Index, err error) string {
	setting := "indexes[].url"
	if index.Name == "index" {
		setting = "index.url"
	}
	var untrusted *tls.CertificateVerificationError
	var e *pypi.Error
	switch {
	case errors.As(err, &untrusted):
		return "name the file of the authority that signed it in ca_file, or correct " + setting
	case errors.As(err, &e) && e.Kind == pypi.Unreachable:
		return fmt.Sprintf("check %s (%s), the network and the proxy", setting, index.URL)
	case errors.As(err, &e) && e.Kind == pypi.Unavailable:
		return fmt.Sprintf("it is there and out of order; if that lasts, check %s (%s)", setting, index.URL)
	}
	return fmt.Sprintf("check that %s (%s) is the base of a Simple API, and the credentials", setting, index.URL)
}

// answers says how an index knew the names it was asked for.
func (d *doctor) answers(index config.Index, asked []string, unknown []string, failure error) {
	subject := plan.SpokenIndex(index.Name)
	names := strings.Join(unknown[:min(5, len(unknown))], ", ")
	if n := len(unknown) - 5; n > 0 {
		names += fmt.Sprintf(" and %d more", n)
	}
	switch {
	case failure != nil:
		d.say(wrong, subject, "%s: %s", pypi.Clause(failure), indexAdvice(index, failure))
	case len(unknown) == 0:
		d.say(good, subject, "answers at %s and knows %s", index.URL, knownNames(asked))
	case !slices.Contains(d.pins, unknown[0]): // it owns no pin
		d.say(doubt, subject, "answers at %s and does not know %s: check that its address is the base of a Simple API", index.URL, names)
	case len(unknown) == len(asked):
		d.say(wrong, subject, "answers at %s and knows none of its pins, %s: check that its address is the base of a Simple API, and that its user may read them", index.URL, names)
	case decide.ManyUnknown(len(unknown), len(asked)):
		d.say(wrong, subject, "answers at %s and does not know %d of its %s, %s: check that its address is the base of a Simple API, and that its user may read them", index.URL, len(unknown), count(len(asked), "pin"), names)
	default:
		d.say(doubt, subject, "answers at %s and does not know %s: correct the name, or check that its address is the base of a Simple API", index.URL, names)
	}
}

// knownNames is one name, or how many there are.
func knownNames(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return "all of its " + count(len(names), "pin")
}

// owned are the names that an index is asked for: the pins it owns, once each,
// or where there is none one that every public index has.
func (d *doctor) owned(index string) []string {
	var out []string
	for _, name := range d.pins {
		if owner, ok := d.config.Defaults.IndexOf(name); ok && owner.Name == index {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		return []string{"pip"}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
