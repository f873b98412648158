package deploy

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

// Place is where sets, holds and intents are kept.
type Place struct {
	Project string
	Branch  string // empty for the default branch
	Folder  string
}

// ledger reads and writes sets, holds and intents.
type ledger struct {
	client *gitlab.Client
	place  Place
	id     int64
	writer func() string // a new name for each write
}

// openLedger finds the project of the sets.
func openLedger(ctx context.Context, client *gitlab.Client, place Place) (*ledger, error) {
	p, err := client.Project(ctx, place.Project, 0)
	if err != nil {
		return nil, err
	}
	if place.Branch == "" {
		place.Branch = p.DefaultBranch
	}
	l := &ledger{client: client, place: place, id: p.ID}
	return l, nil
}

func (l *ledger) statePath() string { return l.place.Folder + "/state.json" }
func (l *ledger) setPath(id int64) string {
	return l.place.Folder + "/sets/" + strconv.FormatInt(id, 10) + ".json"
}

// kept is a state as it was read: last is the commit that wrote it, empty if none did yet, and head
// the commit at which it was read.
type kept struct {
	State
	last, head string
}

// errMeanwhile says that somebody else wrote the state first.
var errMeanwhile = errors.New("somebody else wrote the state of the deployments meanwhile")

// read reads the state. It reads the branch at the commit of its head, since a tag may have the
// branch's name.
func (l *ledger) read(ctx context.Context) (kept, error) {
	head, err := l.client.Head(ctx, l.id, l.place.Branch)
	if err != nil {
		return kept{}, err
	}
	file, found, err := l.client.Stored(ctx, l.id, l.statePath(), head.SHA)
	if err != nil {
		return kept{}, err
	}
	out := kept{State: State{Format: 1, Holds: []Hold{}}, head: head.SHA}
	if !found {
		return out, nil
	}
	out.last = file.Commit
	if out.State, err = readState(file.Data); err != nil {
		return kept{}, l.damaged(l.statePath(), err)
	}
	return out, nil
}

// damaged says that pinwheel did not write a file like that.
func (l *ledger) damaged(path string, err error) error {
	return mistake("%s of %s is not as pinwheel writes it: %s; see who changed it, and restore what was there before", path, l.place.Project, err)
}

// set reads a set. found is false if there is none with that id.
func (l *ledger) set(ctx context.Context, k kept, id int64) (Set, bool, error) {
	if id < 1 || id > k.Set {
		return Set{}, false, nil
	}
	data, found, err := l.client.File(ctx, l.id, l.setPath(id), k.head)
	if err != nil || !found {
		return Set{}, false, err
	}
	s, err := readSet(data, id)
	if err != nil {
		return Set{}, false, l.damaged(l.setPath(id), err)
	}
	return s, true, nil
}

// newest reads the newest set; the zero Set if there is none.
func (l *ledger) newest(ctx context.Context, k kept) (Set, error) {
	if k.Set == 0 {
		return Set{}, nil
	}
	s, found, err := l.set(ctx, k, k.Set)
	if err == nil && !found {
		err = l.damaged(l.setPath(k.Set), errors.New("the state names it, and it is not there"))
	}
	return s, err
}

// writeTries bounds how often a change of the state is repeated because others wrote it first.
const writeTries = 8

// change is a new state, and a set to add.
type change struct {
	to      State
	set     *Set
	message string
}

// update reads the state, calls judge for the change, and writes it. If somebody else wrote first,
// it begins again with what they wrote. judge sees each state and can end the update with an error.
// A nil change writes nothing.
func (l *ledger) update(ctx context.Context, judge func(kept) (*change, error)) error {
	for range writeTries {
		was, err := l.read(ctx)
		if err != nil {
			return err
		}
		c, err := judge(was)
		if err != nil || c == nil {
			return err
		}
		if err = l.write(ctx, was, *c); !errors.Is(err, errMeanwhile) {
			return err
		}
	}
	return errMeanwhile
}

// write replaces a state. With errMeanwhile somebody else wrote first, and nothing was written.
func (l *ledger) write(ctx context.Context, was kept, c change) error {
	c.to.Format, c.to.Writer = 1, l.writer()
	files := []gitlab.Write{{Path: l.statePath(), Last: was.last, Data: encode(c.to)}}
	if c.set != nil {
		files = append(files, gitlab.Write{Path: l.setPath(c.set.ID), Data: encode(*c.set)})
	}
	err := l.client.CommitFiles(ctx, l.id, gitlab.Commitment{Branch: l.place.Branch, Message: c.message, Files: files})
	if gitlab.Lost(err) {
		err = gitlab.Settle(ctx, err, func() (bool, error) {
			now, err := l.read(ctx)
			return err == nil && now.Writer == c.to.Writer, err
		})
	}
	if gitlab.Changed(err) {
		return errMeanwhile
	}
	return err
}

// Mistake is an error of the person who asked or configured. Another attempt gives the same error.
type Mistake struct{ Text string }

func (m *Mistake) Error() string { return m.Text }

func mistake(format string, args ...any) error { return &Mistake{fmt.Sprintf(format, args...)} }
