package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Options are the settings of a Deployer.
type Options struct {
	Client      *gitlab.Client
	Place       Place
	Members     []string // paths of the projects of the set, the constraints' among them
	Branch      string   // that is moved, in each project
	Environment string
	// Constraints is the member that keeps the constraints. ConstraintsFiles are the files that a
	// rollback of a set brings in line on its default branch; empty for none.
	Constraints      string
	ConstraintsFiles []string
	Clock            func() time.Time // for leases and records; it advances during a deployment
	Instance         string           // identifies this process
	// Do writes an effect down before and after it; see [journal.Journal].
	Do func(ctx context.Context, project string, f plan.Fact, effect func(context.Context) journal.Outcome) error
	// Say gets a sentence for a person while the Deployer waits, or if something is wrong that does
	// not stop it.
	Say func(format string, args ...any)
}

// How long the process that began a deployment may move branches, how much of that must be left
// before a push, and how long others wait for it.
const (
	lease    = 2 * time.Minute
	margin   = 75 * time.Second // a push that hangs is given up before
	wait     = 5 * time.Second
	patience = 5 * time.Minute
)

// Deployer moves production branches. Only one goroutine may use it.
type Deployer struct {
	o        Options
	ledger   *ledger
	projects map[string]gitlab.Project // by lower-case path
	writes   int
}

// New connects a Deployer to the project of the sets.
func New(ctx context.Context, o Options) (*Deployer, error) {
	if !gitlab.BranchName(o.Branch) {
		return nil, mistake("%q is no name of a branch", o.Branch)
	}
	o.Members = slices.Clone(o.Members)
	slices.Sort(o.Members)
	o.Members = slices.Compact(o.Members)
	l, err := openLedger(ctx, o.Client, o.Place)
	if err != nil {
		return nil, err
	}
	d := &Deployer{o: o, ledger: l, projects: map[string]gitlab.Project{}}
	l.writer = func() string {
		d.writes++
		return fmt.Sprintf("%s-%d", o.Instance, d.writes)
	}
	return d, nil
}

// project reads a member once.
func (d *Deployer) project(ctx context.Context, path string) (gitlab.Project, error) {
	if p, there := d.projects[strings.ToLower(path)]; there {
		return p, nil
	}
	p, err := d.o.Client.Project(ctx, path, 0)
	if err == nil {
		d.projects[strings.ToLower(path)] = p
	}
	return p, err
}

// isMember returns the path of a member as it is configured; an error for no member.
func (d *Deployer) isMember(path string) (string, error) {
	i := slices.IndexFunc(d.o.Members, func(m string) bool { return strings.EqualFold(m, path) })
	if i < 0 {
		return "", mistake("%s is no project of the set: it has %s; add it below software, or correct the name", path, strings.Join(d.o.Members, ", "))
	}
	return d.o.Members[i], nil
}

// production is the head of a project's production branch, empty if there is none.
func (d *Deployer) production(ctx context.Context, path string) (string, error) {
	p, err := d.project(ctx, path)
	if err != nil {
		return "", err
	}
	k, err := d.o.Client.Head(ctx, p.ID, d.o.Branch)
	if gitlab.Missing(err) {
		return "", nil
	}
	return k.SHA, err
}

// relation says how a commit is related to another one.
func (d *Deployer) relation(ctx context.Context, path, to, sha string) (Relation, error) {
	switch to {
	case "":
		return Apart, nil
	case sha:
		return Same, nil
	}
	p, err := d.project(ctx, path)
	if err != nil {
		return Apart, err
	}
	base, err := d.o.Client.MergeBase(ctx, p.ID, to, sha)
	switch {
	case err != nil:
		return Apart, err
	case base.SHA == to:
		return Newer, nil
	case base.SHA == sha:
		return Older, nil
	}
	return Apart, nil
}

// onDefault reports whether the default branch has a commit in its history. It returns an error if
// the project has no such commit.
func (d *Deployer) onDefault(ctx context.Context, path, sha string) (bool, error) {
	p, err := d.project(ctx, path)
	if err != nil {
		return false, err
	}
	head, err := d.o.Client.Head(ctx, p.ID, p.DefaultBranch)
	if err != nil {
		return false, err
	}
	r, err := d.relation(ctx, path, head.SHA, sha)
	return r == Same || r == Older, err
}

// world is the present state: the stored one, the newest set, and what is in production.
type world struct {
	kept
	set   Set
	heads map[string]string // by member; absent if it could not be read
}

// look reads the world while nothing is under way. Only the projects of need must be readable.
func (d *Deployer) look(ctx context.Context, k kept, need ...string) (world, error) {
	w := world{kept: k, heads: map[string]string{}}
	var err error
	if w.set, err = d.ledger.newest(ctx, k); err != nil {
		return w, err
	}
	for _, m := range d.o.Members {
		head, err := d.production(ctx, m)
		switch {
		case err == nil:
			w.heads[m] = head
		case gitlab.NeedsPerson(err) && len(need) > 0 && !slices.Contains(need, m):
			d.o.Say("%s cannot be read (%v), so the set keeps what it says of it", m, err)
		default:
			return w, err
		}
	}
	return w, nil
}

// members are those of the newest set as they are now. A branch that was moved beside
// pinwheel, or is in no set yet, has its present commit, since when and by whom GitLab
// tells; a zero time where it does not.
func (d *Deployer) members(ctx context.Context, w world) []Member {
	var out []Member
	for _, path := range d.o.Members {
		m, had := w.set.member(path)
		m.Project = path
		head, known := w.heads[path]
		if known && (!had || m.SHA != head) {
			m = Member{Project: path, SHA: head, Kind: ByHand, Set: w.Set + 1, Line: m.Line}
			m.By, m.Since = d.pushed(ctx, path, head)
			if had {
				d.o.Say("%s of %s is at %s, and set %d has it at %s: somebody moved it beside pinwheel", d.o.Branch, path, short(head), w.Set, short(w.set.sha(path)))
			}
		}
		out = put(out, m)
	}
	return out
}

// pushed says who moved a production branch to a head, and when; nothing where GitLab
// does not tell.
func (d *Deployer) pushed(ctx context.Context, path, head string) (by string, at time.Time) {
	p, err := d.project(ctx, path)
	if err != nil || head == "" {
		return "", at
	}
	k, found, err := d.o.Client.WhoPushed(ctx, p.ID, d.o.Branch, head)
	if err != nil || !found || len(k.User) > maxText {
		return "", at
	}
	return k.User, k.At.Truncate(time.Second)
}

func (s Set) sha(project string) string {
	m, _ := s.member(project)
	return m.SHA
}

func (d *Deployer) now() time.Time { return d.o.Clock().UTC().Truncate(time.Second) }

// Person is who asked, and where.
type Person struct{ Name, Page string }

// Outcome is the result of a command.
type Outcome struct {
	Verdict
	Set     int64 // that it made; 0 for none
	Moves   []Move
	Project string
	SHA     string
	// Completed is the set of an earlier deployment that was begun and not ended, and that this
	// command completed; 0 for none.
	Completed int64
}

// Order is one commit that a job asks to deploy.
type Order struct {
	Asked
	Person
	// Recorded says that GitLab records the deployment itself, since the job names the
	// environment.
	Recorded bool
	// Builds proves that the set is built for every image, and names the builds. It gets the
	// commits that the members will have. Nil means that no proof is needed.
	Builds func(ctx context.Context, members map[string]string) ([]Build, error)
}

// Deploy deploys a commit, or says why not. First it completes what others began and did not end.
// If somebody else is faster, it judges again by what they did.
func (d *Deployer) Deploy(ctx context.Context, order Order) (out Outcome, err error) {
	path, err := d.isMember(order.Project)
	if err != nil {
		return out, err
	}
	order.Project = path
	for range writeTries {
		k, completed, err := d.settled(ctx)
		if err != nil {
			return out, err
		}
		if completed != 0 {
			out.Completed = completed
		}
		again, err := d.deployOn(ctx, k, order, &out)
		if !again {
			return out, err
		}
	}
	return out, errMeanwhile
}

// deployOn deploys while nothing is under way. again says that somebody else was faster, and
// nothing was begun.
func (d *Deployer) deployOn(ctx context.Context, k kept, order Order, out *Outcome) (again bool, err error) {
	w, err := d.look(ctx, k, order.Project)
	if err != nil {
		return false, err
	}
	seen, err := d.see(ctx, w, &order.Asked)
	if err != nil {
		return false, err
	}
	out.Verdict, out.Project, out.SHA = Judge(order.Asked, seen), order.Project, order.SHA
	if out.Do != Deploy {
		return false, nil
	}
	members := d.members(ctx, w)
	m := Member{Project: order.Project, SHA: order.SHA, Since: d.now(), By: order.Name, Kind: out.Kind, Set: w.Set + 1, Line: order.SHA}
	if out.Kind == MergeRequest {
		m.Line = seen.Line
	}
	members = put(members, m)
	i := d.intent(w, out.Kind, order.Person)
	if seen.Head != order.SHA {
		i.Moves = []Move{{order.Project, seen.Head, order.SHA}}
	}
	i.Why = fmt.Sprintf("%s of %s", out.Kind, order.Project)
	if out.Kind == Rollback {
		i.Holds = []Hold{{Project: order.Project, Since: i.At, By: order.Name, Reason: fmt.Sprintf("rolled back from %s to %s", short(seen.Head), short(order.SHA))}}
	}
	if order.Builds != nil && out.Kind != Rollback {
		if i.Result.Builds, err = order.Builds(ctx, shas(members)); err != nil {
			return false, err
		}
	}
	i.Result.Why, i.Result.Members, i.Recorded = i.Why, members, order.Recorded
	return d.carryOut(ctx, w, i, out)
}

// shas are the commits of members.
func shas(members []Member) map[string]string {
	out := map[string]string{}
	for _, m := range members {
		out[m.Project] = m.SHA
	}
	return out
}

// see reads the state by which a commit is judged.
func (d *Deployer) see(ctx context.Context, w world, a *Asked) (Seen, error) {
	s := Seen{Head: w.heads[a.Project], Now: d.now()}
	m, had := w.set.member(a.Project)
	s.Line = m.Line
	s.Hold, s.Held = w.hold(a.Project, s.Now)
	var err error
	if s.Line == "" && s.Head != "" {
		// No deployment of the default branch is recorded yet, so it is the one that production
		// has.
		on, err := d.onDefault(ctx, a.Project, s.Head)
		if err != nil {
			return s, err
		}
		if on {
			s.Line = s.Head
		}
	}
	on, err := d.onDefault(ctx, a.Project, a.SHA)
	if err != nil {
		return s, err
	}
	a.Default = a.Default && on
	if s.Relation, err = d.relation(ctx, a.Project, s.Line, a.SHA); err != nil {
		return s, err
	}
	s.Recorded = had && m.SHA == a.SHA && (a.MergeRequest || m.Line == a.SHA)
	return s, nil
}

// intent has what every intent has.
func (d *Deployer) intent(w world, kind Kind, by Person) Intent {
	now := d.now()
	return Intent{
		Set: w.Set + 1, Kind: kind, By: by.Name, Page: by.Page, At: now, Moves: []Move{}, Owner: d.o.Instance, Until: now.Add(lease),
		Result: Set{Format: 1, ID: w.Set + 1, At: now, Kind: kind, By: by.Name, Page: by.Page, Members: []Member{}, Builds: []Build{}},
	}
}

// carryOut stores an intent, and then carries it out.
func (d *Deployer) carryOut(ctx context.Context, w world, i Intent, out *Outcome) (again bool, err error) {
	err = d.ledger.update(ctx, func(k kept) (*change, error) {
		if k.last != w.last {
			return nil, errMeanwhile // it was judged on another state
		}
		to := k.State
		to.Intent = &i
		return &change{to: to, message: fmt.Sprintf("Begin set %d: %s", i.Set, i.Kind)}, nil
	})
	if errors.Is(err, errMeanwhile) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if err := d.complete(ctx, i); err != nil {
		return false, err
	}
	out.Set, out.Moves = i.Set, i.Moves
	return false, nil
}
