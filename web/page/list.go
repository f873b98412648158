package page

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/store"
)

// mood is how a project stands, in one word.
type mood string

const (
	stopped mood = "stopped"
	failing mood = "failing"
	red     mood = "red"
	paused  mood = "paused"
	behind  mood = "behind"
	unseen  mood = "unseen"
	current mood = "current"
)

// moods are all of them, the worst first, which is the order of the list.
var moods = []mood{stopped, failing, red, paused, behind, unseen, current}

// Label is the mood in the words of the page.
func (m mood) Label() string {
	switch m {
	case stopped:
		return "stopped"
	case failing:
		return "without a good run"
	case red:
		return "with a failing merge request"
	case paused:
		return "paused"
	case behind:
		return "behind"
	case unseen:
		return "not looked at yet"
	case current:
		return "current"
	}
	return string(m)
}

// row is a project in the list of all.
type row struct {
	Path    string
	View    store.View
	Known   bool // a run left a view
	Last    store.Ran
	Good    bool // the last good run is not late
	Paused  string
	State   scheduler.State
	Waiting []share // how many updates wait, by state, the most first
	Mood    mood
	Window  window
	Chart   chart
}

// share is a number with the name of what was counted.
type share struct {
	Name string
	N    int
}

// Waits is how many updates wait.
func (o row) Waits() (n int) {
	for _, s := range o.Waiting {
		n += s.N
	}
	return n
}

// Says is how the project stands, in a clause.
func (o row) Says() string {
	switch {
	case o.Mood == stopped:
		return "stopped until a person acts"
	case o.Mood == paused:
		return "paused: " + o.Paused
	case o.Mood == failing && o.Last.Said != "":
		return "the last run failed"
	case o.Mood == failing:
		return "no recent good run"
	case o.Mood == red:
		return "a merge request fails"
	}
	return o.Mood.Label()
}

// window is when merge requests open next; the zero window is not known.
type window struct {
	Label string
	At    time.Time
}

// windowOf reads the window from a view. It leaves out an instant that is over, since no run has
// looked at the project since then.
func windowOf(v store.View, now time.Time) window {
	switch {
	case v.Always:
		return window{Label: "Window is always open"}
	case v.Inside && v.Closes.After(now):
		return window{"Window closes", v.Closes}
	case !v.Inside && v.Opens.After(now):
		return window{"Window opens", v.Opens}
	}
	return window{}
}

// totals are the sums over the projects that the reader sees.
type totals struct {
	Projects, Pins, Behind, Open, Red, Late int
	Libyears                                float64
	Moods                                   map[mood]int
}

// rows are the projects that the reader sees and whose paths hold a text, whatever its case, sorted
// by path.
func (s *Site) rows(r *http.Request, holds string) ([]row, error) {
	ctx := r.Context()
	views, err := s.Store.Views(ctx)
	if err != nil {
		return nil, err
	}
	ran, err := s.Store.LastRuns(ctx)
	if err != nil {
		return nil, err
	}
	pauses, err := s.Store.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	by := s.joined(views, ran)
	var out []row
	for path, one := range by {
		if !sees(r, path) || !strings.Contains(strings.ToLower(path), strings.ToLower(holds)) {
			continue
		}
		one.Paused = pausedFor(pauses, path)
		one.judge(s.Now(), s.Within())
		out = append(out, *one)
	}
	slices.SortFunc(out, func(a, b row) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// joined makes a row, by path, of each project that the scheduler knows, with what a run stored
// about it. Without a scheduler it makes one of each project about which a run stored something.
func (s *Site) joined(views []store.View, ran map[string]store.Ran) map[string]*row {
	by, here := map[string]*row{}, s.states()
	for _, v := range views {
		state, ok := here[strings.ToLower(v.Project)]
		if s.States == nil || ok {
			by[v.Project] = &row{Path: v.Project, View: v, Known: true, Last: ran[v.Project], State: state}
		}
		delete(here, strings.ToLower(v.Project))
	}
	for _, state := range here {
		by[state.Project] = &row{Path: state.Project, Last: ran[state.Project], State: state}
	}
	return by
}

// states are those of the projects that are kept up to date, by path in small letters. The bot's
// rounds have keys of their own, with a space.
func (s *Site) states() map[string]scheduler.State {
	out := map[string]scheduler.State{}
	if s.States == nil {
		return out
	}
	for _, state := range s.States() {
		if !strings.Contains(state.Project, " ") {
			out[strings.ToLower(state.Project)] = state
		}
	}
	return out
}

// pausedFor is the reason for which a project is paused, empty for none.
func pausedFor(pauses []store.Pause, path string) (reason string) {
	for _, p := range pauses { // that of all comes first
		if p.Project == "" || p.Project == strings.ToLower(path) {
			reason = p.Reason
		}
	}
	return reason
}

// judge sets what follows from what runs stored: the mood, the window, the chart, what waits, and
// whether the last good run is late.
func (o *row) judge(now time.Time, within time.Duration) {
	o.Good = !o.Last.Good.IsZero() && (within <= 0 || now.Sub(o.Last.Good) <= within)
	o.Window, o.Chart = windowOf(o.View, now), chartOf(o.View.Weeks)
	for state, n := range o.View.States {
		if state != "open" && state != "ignored" && state != "incompatible" {
			o.Waiting = append(o.Waiting, share{wordOf(state), n})
		}
	}
	slices.SortFunc(o.Waiting, func(a, b share) int { return cmp.Or(b.N-a.N, strings.Compare(a.Name, b.Name)) })
	switch {
	case o.View.Status == "stopped":
		o.Mood = stopped
	case o.Paused != "":
		o.Mood = paused
	case !o.Known && o.Last.Any.IsZero():
		o.Mood = unseen
	case o.Last.Said != "" || !o.Good:
		o.Mood = failing
	case o.View.Red > 0:
		o.Mood = red
	case o.View.Behind > 0:
		o.Mood = behind
	default:
		o.Mood = current
	}
}

// sum adds rows up.
func sum(rows []row) totals {
	t := totals{Moods: map[mood]int{}}
	for _, o := range rows {
		t.Projects++
		t.Pins += o.View.Count
		t.Behind += o.View.Behind
		t.Open += o.View.Open
		t.Red += o.View.Red
		t.Libyears += o.View.Libyears
		t.Moods[o.Mood]++
		if !o.Good && o.Mood != unseen {
			t.Late++
		}
	}
	return t
}

// choice is one of the links that narrow a list down.
type choice struct {
	Label, Link string
	N           int
	Chosen      bool
}

// choices are links to all projects and to those of each mood that some project has.
func choices(t totals, chosen mood, q string) []choice {
	link := func(m mood) string {
		return "/" + queryOf("q", q, "state", string(m))
	}
	out := []choice{{"all", link(""), t.Projects, chosen == ""}}
	for _, m := range moods {
		if t.Moods[m] > 0 {
			out = append(out, choice{m.Label(), link(m), t.Moods[m], chosen == m})
		}
	}
	return out
}

// queryOf is the end of an address with keys and values, without those that are empty.
func queryOf(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// perPage is how many projects one page lists.
const perPage = 60

// leaf is one page of a long list.
type leaf struct {
	At, Of         int
	Previous, Next string // empty for none
}

// leafOf is the page that is asked for, from 1, or the nearest that there is.
func leafOf(asked string, n int, link func(page int) string) leaf {
	l := leaf{At: 1, Of: max(1, (n+perPage-1)/perPage)}
	if at, err := strconv.Atoi(asked); err == nil {
		l.At = min(max(at, 1), l.Of)
	}
	if l.At > 1 {
		l.Previous = link(l.At - 1)
	}
	if l.At < l.Of {
		l.Next = link(l.At + 1)
	}
	return l
}

// projects answers with the list of projects, the worst first.
func (s *Site) projects(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	q, state := strings.TrimSpace(asked.Get("q")), mood(asked.Get("state"))
	rows, err := s.rows(r, q)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	all := sum(rows)
	chart := chartOf(together(rows))
	links := choices(all, state, q)
	if slices.Contains(moods, state) {
		rows = slices.DeleteFunc(rows, func(o row) bool { return o.Mood != state })
	}
	slices.SortStableFunc(rows, func(a, b row) int { return slices.Index(moods, a.Mood) - slices.Index(moods, b.Mood) })
	page := leafOf(asked.Get("page"), len(rows), func(n int) string {
		return "/" + queryOf("q", q, "state", string(state), "page", strconv.Itoa(n))
	})
	first := (page.At - 1) * perPage
	s.show(w, r, "projects", frame{Title: "Projects", Tab: "projects", Content: map[string]any{
		"Rows": rows[first:min(first+perPage, len(rows))], "Sum": all, "Query": q, "State": state, "Choices": links, "Page": page, "Chart": chart,
	}})
}
