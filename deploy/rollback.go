package deploy

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

// Previous names the set before the newest one.
const Previous = "previous"

// Rollback moves the production of one project back: to a commit, or with an empty one to what it
// had before. It sets a hold. If another rollback was begun and not ended, it completes that one
// and does nothing more.
func (d *Deployer) Rollback(ctx context.Context, project, to string, by Person) (out Outcome, err error) {
	path, err := d.isMember(project)
	if err != nil {
		return out, err
	}
	return d.again(ctx, func(w world, out *Outcome) (Intent, error) {
		head := w.heads[path]
		sha, err := d.rollbackTarget(ctx, w, path, to)
		if err != nil {
			return Intent{}, err
		}
		out.Verdict, out.Project, out.SHA = Verdict{Do: Deploy, Kind: Rollback}, path, sha
		if sha == head {
			out.Do, out.Why = Nothing, "production is there already"
			return Intent{}, nil
		}
		i := d.intent(w, Rollback, by)
		i.Why = fmt.Sprintf("%s of %s", Rollback, path)
		i.Moves = []Move{{path, head, sha}}
		if err := d.mayMove(ctx, i.Moves); err != nil {
			return Intent{}, err
		}
		on, err := d.onDefault(ctx, path, sha)
		if err != nil {
			return Intent{}, err
		}
		m := Member{Project: path, SHA: sha, Since: i.At, By: by.Name, Kind: Rollback, Set: i.Set}
		if m.Line = sha; !on {
			was, _ := w.set.member(path)
			m.Line = was.Line
		}
		i.Result.Why, i.Result.Members = i.Why, put(d.members(ctx, w), m)
		i.Holds = []Hold{{Project: path, Since: i.At, By: by.Name, Reason: fmt.Sprintf("rolled back from %s to %s", short(head), short(sha))}}
		return i, nil
	}, path)
}

// again repeats a rollback until no other process is faster.
func (d *Deployer) again(ctx context.Context, judge func(world, *Outcome) (Intent, error), need ...string) (out Outcome, err error) {
	for range writeTries {
		k, completed, err := d.settled(ctx)
		if err != nil {
			return out, err
		}
		w, err := d.look(ctx, k, need...)
		if err != nil {
			return out, err
		}
		if completed != 0 && (w.set.Kind == Rollback || w.set.Kind == SetRollback) {
			// The rollback that was completed may be the one that is asked for now, and after it
			// "previous" is another set.
			return Outcome{Verdict: Verdict{Do: Nothing, Kind: w.set.Kind, Why: "a rollback that was not ended was completed; for another one run this again"}, Completed: completed}, nil
		}
		out.Completed = completed
		i, err := judge(w, &out)
		if err != nil || out.Do != Deploy {
			return out, err
		}
		again, err := d.carryOut(ctx, w, i, &out)
		if !again {
			return out, err
		}
	}
	return out, errMeanwhile
}

// rollbackTarget is the full SHA to which a rollback goes. That must have been in production
// before, or be an older commit of the default branch.
func (d *Deployer) rollbackTarget(ctx context.Context, w world, path, to string) (string, error) {
	m, had := w.set.member(path)
	head := w.heads[path]
	if to == "" {
		if had && m.SHA == head && (m.Kind == Rollback || m.Kind == SetRollback) {
			return "", mistake("%s was rolled back to %s already, by set %d: name the commit to go further back to, with --to", path, short(head), m.Set)
		}
		sha, found, err := d.before(ctx, w, path, head)
		if err == nil && !found {
			err = mistake("no set has another commit of %s in production: name one with --to", path)
		}
		return sha, err
	}
	p, err := d.project(ctx, path)
	if err != nil {
		return "", err
	}
	if !shaText.MatchString(to) {
		return "", mistake("--to %q is no commit: write its SHA", to)
	}
	k, err := d.o.Client.Commit(ctx, p.ID, to)
	if gitlab.Missing(err) {
		return "", mistake("%s has no commit %s", path, to)
	}
	if err != nil || k.SHA == head {
		return k.SHA, err
	}
	if !strings.HasPrefix(k.SHA, to) || !fullSHA.MatchString(k.SHA) {
		return "", mistake("%s has no commit %s", path, to)
	}
	return k.SHA, d.mayGoBack(ctx, w, path, k.SHA)
}

// mayGoBack refuses a commit that is newer than the one in production, or was never tested.
func (d *Deployer) mayGoBack(ctx context.Context, w world, path, sha string) error {
	head := w.heads[path]
	r, err := d.relation(ctx, path, head, sha)
	if err != nil {
		return err
	}
	if r == Newer {
		return mistake("%s is newer than %s, which %s has in production: a rollback goes back; let its deploy job deploy it", short(sha), short(head), path)
	}
	on, err := d.onDefault(ctx, path, sha)
	if err != nil || on {
		return err
	}
	was, err := d.wasThere(ctx, w, path, sha)
	if err == nil && !was {
		err = mistake("%s of %s is neither on the default branch nor was it in production: a rollback goes to what was tested", short(sha), path)
	}
	return err
}

var shaText = regexp.MustCompile(`^[0-9a-f]{7,40}$`)

// before finds the commit that a project had in production before another one.
func (d *Deployer) before(ctx context.Context, w world, path, head string) (sha string, found bool, err error) {
	err = d.eachSet(ctx, w.kept, func(s Set) bool {
		m, had := s.member(path)
		if had && m.SHA != head && m.SHA != "" && m.Kind != ByHand {
			sha, found = m.SHA, true
		}
		return !found
	})
	return sha, found, err
}

func (d *Deployer) wasThere(ctx context.Context, w world, path, sha string) (was bool, err error) {
	err = d.eachSet(ctx, w.kept, func(s Set) bool {
		was = was || s.sha(path) == sha
		return !was
	})
	return was, err
}

// eachSet calls a function for each set, the newest first, until it returns false.
func (d *Deployer) eachSet(ctx context.Context, k kept, more func(Set) bool) error {
	for id := k.Set; id > 0; id-- {
		s, found, err := d.ledger.set(ctx, k, id)
		if err != nil {
			return err
		}
		if found && !more(s) {
			return nil
		}
	}
	return nil
}

// mayMove checks all moves before the first one: the commit exists, and the token may push, by
// force if that is needed.
func (d *Deployer) mayMove(ctx context.Context, moves []Move) error {
	for _, m := range moves {
		p, err := d.project(ctx, m.Project)
		if err != nil {
			return err
		}
		_, err = d.o.Client.Commit(ctx, p.ID, m.New)
		if gitlab.Missing(err) {
			return mistake("%s has no commit %s any more", m.Project, short(m.New))
		}
		if err != nil {
			return err
		}
		head, err := d.o.Client.CanPush(ctx, p.Path, d.o.Branch)
		if err != nil {
			return err
		}
		if head != m.Old {
			return fmt.Errorf("%s of %s is at %s, and was at %s a moment ago: somebody is moving it; nothing was moved", d.o.Branch, m.Project, short(head), short(m.Old))
		}
		if err := d.rulesAllow(ctx, p, m); err != nil {
			return err
		}
	}
	return nil
}

// rulesAllow checks the rules of protected branches. If they cannot be read, the push will show
// them.
func (d *Deployer) rulesAllow(ctx context.Context, p gitlab.Project, m Move) error {
	may, level, err := d.o.Client.ForcePushable(ctx, p.ID, d.o.Branch)
	switch {
	case gitlab.Unreadable(err):
		return nil
	case err != nil:
		return err
	case p.AccessLevel != 0 && level > p.AccessLevel:
		return mistake("%s: the token's user has not the role to push to the protected branch %s: allow it in Settings > Repository > Protected branches; nothing was moved", m.Project, d.o.Branch)
	case may || m.Old == "":
		return nil
	}
	r, err := d.relation(ctx, m.Project, m.Old, m.New)
	if err == nil && r != Newer {
		err = mistake("%s: the protected branch %s may not be force pushed, which a rollback needs: allow it in Settings > Repository > Protected branches; nothing was moved", m.Project, d.o.Branch)
	}
	return err
}

// RollbackSet moves all projects to the commits of an earlier set, or none. It checks all, stores
// the intent on GitLab, and then moves each. After a crash the same command completes it.
func (d *Deployer) RollbackSet(ctx context.Context, id string, by Person) (Outcome, error) {
	return d.again(ctx, func(w world, out *Outcome) (Intent, error) {
		s, err := d.named(ctx, w, id)
		if err != nil {
			return Intent{}, err
		}
		i := d.intent(w, SetRollback, by)
		i.Why = fmt.Sprintf("rollback to set %d", s.ID)
		members := d.members(ctx, w)
		for _, path := range d.o.Members {
			m, had := s.member(path)
			head := w.heads[path]
			switch {
			case !had || m.SHA == "":
				d.o.Say("%s is not in set %d and stays where it is", path, s.ID)
				continue
			case m.SHA == head:
				continue
			}
			i.Moves = append(i.Moves, Move{path, head, m.SHA})
			members = put(members, Member{Project: path, SHA: m.SHA, Since: i.At, By: by.Name, Kind: SetRollback, Set: i.Set, Line: m.Line})
			i.Holds = append(i.Holds, Hold{Project: path, Since: i.At, By: by.Name, Reason: fmt.Sprintf("rolled back to set %d", s.ID)})
		}
		out.Verdict = Verdict{Do: Deploy, Kind: SetRollback}
		if len(i.Moves) == 0 {
			out.Do, out.Why = Nothing, fmt.Sprintf("production is at set %d already", s.ID)
			return Intent{}, nil
		}
		for _, m := range s.Members {
			if _, err := d.isMember(m.Project); err != nil {
				d.o.Say("%s is in set %d and no project of the set any more, and stays where it is", m.Project, s.ID)
			}
		}
		i.Result.Why, i.Result.Members, i.Result.Restores, i.Result.Builds = i.Why, members, s.ID, s.Builds
		return i, d.mayMove(ctx, i.Moves)
	})
}

// named finds the set that a person names.
func (d *Deployer) named(ctx context.Context, w world, name string) (Set, error) {
	id, err := strconv.ParseInt(name, 10, 64)
	switch {
	case name == Previous && w.set.Kind == SetRollback:
		return Set{}, mistake("set %d is a rollback to set %d already: name the set to go further back to, such as --set %d", w.set.ID, w.set.Restores, max(w.set.Restores-1, 1))
	case name == Previous && w.set.Kind == Rollback:
		return Set{}, mistake("set %d, %s, went back already: name the set to go to, such as --set %d", w.set.ID, w.set.Why, max(w.set.ID-2, 1))
	case name == Previous:
		id = w.Set - 1
	case err != nil || id < 1:
		return Set{}, mistake("--set %q is no set: write its number, or previous", name)
	}
	s, found, err := d.ledger.set(ctx, w.kept, id)
	if err == nil && !found {
		err = mistake("there is no set %s; the newest is %d", name, w.Set)
	}
	return s, err
}

// Accept ends a rollback that stopped halfway: every branch stays where it is, and that becomes a
// set. It moves nothing.
func (d *Deployer) Accept(ctx context.Context, by Person) (Outcome, error) {
	out := Outcome{Verdict: Verdict{Do: Nothing, Why: "nothing is under way"}}
	err := d.ledger.update(ctx, func(k kept) (*change, error) {
		out = Outcome{Verdict: Verdict{Do: Nothing, Why: "nothing is under way"}}
		if k.Intent == nil {
			return nil, nil //nolint:nilnil // nothing to change
		}
		was := *k.Intent
		if d.o.Clock().Before(was.Until) {
			return nil, mistake("set %d, %s, may still be at work until %s: run this again then", was.Set, was.Why, was.Until.Format(time.RFC3339))
		}
		w, err := d.look(ctx, k)
		if err != nil {
			return nil, err
		}
		i := d.intent(w, ByHand, by)
		i.Result.Why = "kept what is where after " + was.Why
		// Branches that were moved before it stopped are where they were to be.
		for _, m := range was.Moves {
			if asked, there := was.Result.member(m.Project); there && w.heads[m.Project] == m.New {
				w.set.Members = put(w.set.Members, asked)
			}
		}
		i.Result.Members = d.members(ctx, w)
		out = Outcome{Verdict: Verdict{Do: Deploy, Kind: ByHand}, Set: i.Set}
		to := k.State
		to.Set, to.Intent = i.Set, nil
		for _, h := range was.Holds {
			to.Holds = with(to.Holds, h.Project, &h)
		}
		return &change{to: to, set: &i.Result, message: fmt.Sprintf("Set %d: %s", i.Set, i.Kind)}, nil
	})
	return out, err
}

// Keys are the keys of all builds of all sets, by image, sorted. A rollback needs these builds.
func Keys(ctx context.Context, client *gitlab.Client, place Place) (map[string][]string, error) {
	l, err := openLedger(ctx, client, place)
	if err != nil {
		return nil, err
	}
	k, err := l.read(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	add := func(s Set) bool {
		for _, b := range s.Builds {
			out[b.Image] = append(out[b.Image], b.Key)
		}
		return true
	}
	if k.Intent != nil {
		add(k.Intent.Result)
	}
	if err := (&Deployer{ledger: l}).eachSet(ctx, k, add); err != nil {
		return nil, err
	}
	for image := range out {
		slices.Sort(out[image])
		out[image] = slices.Compact(out[image])
	}
	return out, nil
}
