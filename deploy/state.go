package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// State is what all deployments share: the newest set, the holds, and the intent. It is one file,
// and every write of it names the commit that it replaces, so that of two writers one is refused.
type State struct {
	Format int `json:"format"` // 1
	// Writer is a name for this write. By it a process recognises its own write if the answer was
	// lost.
	Writer string  `json:"writer"`
	Set    int64   `json:"set"` // the newest; 0 is none
	Holds  []Hold  `json:"holds"`
	Intent *Intent `json:"intent,omitempty"`
}

// Hold keeps a project's production where it is. Only a rollback passes it.
type Hold struct {
	Project string    `json:"project"`
	Since   time.Time `json:"since"`
	By      string    `json:"by"`
	Until   string    `json:"until,omitempty"` // a day, the last one on which it holds; empty: until it is released
	Reason  string    `json:"reason"`
}

// InForce reports whether a hold is in force at an instant. Its last day ends in UTC.
func (h Hold) InForce(now time.Time) bool {
	return h.Until == "" || now.UTC().Format(time.DateOnly) <= h.Until
}

// Intent is what is under way: moves that are all made, or, if somebody else moves a branch
// meanwhile, none beyond those that were made.
type Intent struct {
	Set   int64     `json:"set"` // the number that its set gets
	Kind  Kind      `json:"kind"`
	By    string    `json:"by"`
	Why   string    `json:"why"`
	Page  string    `json:"page,omitempty"` // of the job or pipeline that asked
	At    time.Time `json:"at"`
	Moves []Move    `json:"moves"`
	// Result is the set after all moves are made.
	Result Set `json:"result"`
	// Recorded says that GitLab adds the moves to the environment page itself.
	Recorded bool `json:"recorded,omitempty"`
	// Holds are the holds that begin with the moves.
	Holds []Hold `json:"holds,omitempty"`
	// Owner may move branches until its lease ends. Nobody else may before that.
	Owner string    `json:"owner"`
	Until time.Time `json:"until"`
}

// Move is a branch that goes from one commit to another.
type Move struct {
	Project string `json:"project"`
	Old     string `json:"old"` // empty: there was no such branch
	New     string `json:"new"`
}

// Kind is the kind of a deployment.
type Kind string

// The kinds of deployments. The files of sets have these words.
const (
	Forward      Kind = "forward"       // a newer commit of the default branch
	MergeRequest Kind = "merge-request" // by hand, of a merge request that was not merged
	Rollback     Kind = "rollback"      // an older commit
	SetRollback  Kind = "set-rollback"  // all projects, to an earlier set
	ByHand       Kind = "by-hand"       // somebody moved the branch beside pinwheel
)

func kinds() []Kind { return []Kind{Forward, MergeRequest, Rollback, SetRollback, ByHand} }

// hold finds the hold of a project that is in force.
func (s State) hold(project string, now time.Time) (Hold, bool) {
	for _, h := range s.Holds {
		if strings.EqualFold(h.Project, project) && h.InForce(now) {
			return h, true
		}
	}
	return Hold{}, false
}

// with replaces the hold of a project, and sorts by project; nil removes it.
func with(holds []Hold, project string, h *Hold) []Hold {
	out := slices.DeleteFunc(slices.Clone(holds), func(o Hold) bool { return strings.EqualFold(o.Project, project) })
	if h != nil {
		out = append(out, *h)
	}
	slices.SortFunc(out, func(a, b Hold) int { return strings.Compare(a.Project, b.Project) })
	return append([]Hold{}, out...)
}

var (
	projectPath = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$`)
	fullSHA     = regexp.MustCompile(`^[0-9a-f]{40}$`)
	hexDigest   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	imageName   = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,60}[a-z0-9])?$`)
)

// Bounds of what is kept. pinwheel writes no larger file.
const (
	maxText    = 1000
	maxMembers = 1000
)

// encode writes a value. The same value gives the same bytes.
func encode(v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		panic(err) // it has only texts, numbers and instants
	}
	return out.Bytes()
}

// readState reads what encode wrote. It refuses what pinwheel does not write, since whoever may
// push to the project of the sets can write anything.
func readState(data []byte) (State, error) {
	var s State
	if err := strictly(data, &s); err != nil {
		return State{}, err
	}
	if s.Format != 1 {
		return State{}, fmt.Errorf("it has format %d, which this pinwheel does not know", s.Format)
	}
	if s.Set < 0 || len(s.Holds) > maxMembers {
		return State{}, fmt.Errorf("it names set %d and %d holds", s.Set, len(s.Holds))
	}
	for _, h := range s.Holds {
		if err := h.check(); err != nil {
			return State{}, err
		}
	}
	if s.Intent != nil {
		if err := s.Intent.check(s.Set); err != nil {
			return State{}, err
		}
	}
	return s, nil
}

func (h Hold) check() error {
	_, err := time.Parse(time.DateOnly, h.Until)
	switch {
	case !projectPath.MatchString(h.Project) || strings.Contains(h.Project, ".."):
		return fmt.Errorf("a hold is for %.50q, which is no project", h.Project)
	case h.Until != "" && err != nil:
		return fmt.Errorf("the hold of %s ends on %.20q, which is no day", h.Project, h.Until)
	case len(h.By) > maxText || len(h.Reason) > maxText:
		return fmt.Errorf("the hold of %s has a text of more than %d bytes", h.Project, maxText)
	}
	return nil
}

func (i Intent) check(newest int64) error {
	if i.Set != newest+1 || i.Result.ID != i.Set || i.Result.Kind != i.Kind {
		return fmt.Errorf("what is under way is set %d, and the newest is %d", i.Set, newest)
	}
	if len(i.By) > maxText || len(i.Why) > maxText || len(i.Page) > maxText {
		return fmt.Errorf("what is under way has a text of more than %d bytes", maxText)
	}
	if err := i.Result.check(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, m := range i.Moves {
		of, there := i.Result.member(m.Project)
		if !there || of.SHA != m.New || seen[strings.ToLower(m.Project)] || m.Old != "" && !fullSHA.MatchString(m.Old) || m.Old == m.New {
			return fmt.Errorf("what is under way moves %.50q as no deployment does", m.Project)
		}
		seen[strings.ToLower(m.Project)] = true
	}
	for _, h := range i.Holds {
		if err := h.check(); err != nil {
			return err
		}
	}
	return nil
}

// strictly reads JSON and refuses unknown keys.
func strictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("it cannot be read: %s", jsonWords(err))
	}
	if d.More() {
		return fmt.Errorf("there is more in it than one value")
	}
	return nil
}

// jsonWords says what is wrong with JSON, without Go's words.
func jsonWords(err error) string {
	text := strings.TrimPrefix(err.Error(), "json: ")
	if r := []rune(text); len(r) > 100 {
		text = string(r[:100])
	}
	return text
}
