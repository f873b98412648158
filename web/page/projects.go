package page

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/store"
)

// row is a project in the list of all.
type row struct {
	Path    string
	View    store.View
	Known   bool // a run left a view
	Last    store.Ran
	Good    bool // the last good run is not late
	Paused  string
	State   scheduler.State
	Waiting int // updates that wait for something
	Mood    string
}

// totals are the sums over the projects that the reader sees.
type totals struct {
	Projects, Pins, Behind, Open, Red, Late int
	Libyears                                float64
}

// rows are the projects that the reader sees and whose paths hold a text.
func (s *Site) rows(r *http.Request, holds string) ([]row, totals, error) {
	ctx := r.Context()
	views, err := s.Store.Views(ctx)
	if err != nil {
		return nil, totals{}, err
	}
	ran, err := s.Store.LastRuns(ctx)
	if err != nil {
		return nil, totals{}, err
	}
	pauses, err := s.Store.Pauses(ctx)
	if err != nil {
		return nil, totals{}, err
	}
	by := map[string]*row{}
	of := func(path string) *row {
		if by[path] == nil {
			by[path] = &row{Path: path, Last: ran[path]}
		}
		return by[path]
	}
	for _, v := range views {
		of(v.Project).View, of(v.Project).Known = v, true
	}
	var states []scheduler.State
	if s.States != nil {
		states = s.States()
	}
	for _, state := range states {
		if !strings.Contains(state.Project, " ") { // the bot's rounds have keys of their own
			of(state.Project).State = state
		}
	}
	var out []row
	var sum totals
	for path, one := range by {
		if !sees(r, path) || !strings.Contains(strings.ToLower(path), strings.ToLower(holds)) {
			continue
		}
		for _, p := range pauses {
			if p.Project == "" || p.Project == strings.ToLower(path) {
				one.Paused = p.Reason
			}
		}
		one.judge(s.Now(), s.Within)
		sum.add(*one)
		out = append(out, *one)
	}
	slices.SortFunc(out, func(a, b row) int { return strings.Compare(a.Path, b.Path) })
	return out, sum, nil
}

// judge says how a row is coloured, of what runs said.
func (o *row) judge(now time.Time, within time.Duration) {
	o.Good = !o.Last.Good.IsZero() && (within <= 0 || now.Sub(o.Last.Good) <= within)
	for state, n := range o.View.States {
		if state != "open" && state != "ignored" && state != "incompatible" {
			o.Waiting += n
		}
	}
	switch {
	case o.Paused != "":
		o.Mood = "paused"
	case o.View.Status == "stopped":
		o.Mood = "stopped"
	case o.Last.Said != "" || !o.Good:
		o.Mood = "failing"
	case o.View.Red > 0:
		o.Mood = "red"
	case o.View.Behind > 0:
		o.Mood = "behind"
	default:
		o.Mood = "current"
	}
}

func (t *totals) add(o row) {
	t.Projects++
	t.Pins += o.View.Count
	t.Behind += o.View.Behind
	t.Open += o.View.Open
	t.Red += o.View.Red
	t.Libyears += o.View.Libyears
	if !o.Good {
		t.Late++
	}
}

func (s *Site) projects(w http.ResponseWriter, r *http.Request) {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	rows, sum, err := s.rows(r, q)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, "projects", frame{Title: "Projects", Tab: "projects", Content: map[string]any{"Rows": rows, "Sum": sum, "Query": q}})
}

// Last entries of the audit on a project's page.
const lastEntries = 30

func (s *Site) project(w http.ResponseWriter, r *http.Request) {
	ctx, path := r.Context(), strings.Trim(r.PathValue("path"), "/")
	v, ok, err := s.Store.ViewOf(ctx, path)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	if !ok || !sees(r, v.Project) { // whether there is one is nobody's business who may not see it
		s.problem(w, r, http.StatusNotFound, "There is no such project here, or you may not see it.")
		return
	}
	memory, err := s.Store.ProjectMemory(ctx, v.Project)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	merges, err := s.Store.MergeRequests(ctx, v.Project)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	slices.Reverse(merges)
	audit, err := s.Store.AuditTail(ctx, v.Project, lastEntries)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	rows, _, err := s.rows(r, v.Project)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	one := row{Path: v.Project}
	for _, o := range rows {
		if o.Path == v.Project {
			one = o
		}
	}
	body, err := dashboard(memory.DashboardBody, v.URL)
	if err != nil {
		body = ""
	}
	q := strings.ToLower(strings.TrimSpace(r.URL.Query().Get("q")))
	pins := slices.DeleteFunc(v.Pins, func(p store.ViewPin) bool {
		return q != "" && !strings.Contains(p.Key, q) && !strings.Contains(strings.ToLower(p.Name), q)
	})
	s.show(w, r, "project", frame{Title: v.Project, Tab: "projects", Content: map[string]any{
		"View": v, "Row": one, "Body": body, "Merges": merges[:min(len(merges), lastEntries)], "Audit": audit, "Pins": pins, "Query": q, "Issue": memory.DashboardIID,
	}})
}

// mostPackages is how many packages one page lists.
const mostPackages = 300

func (s *Site) packages(w http.ResponseWriter, r *http.Request) {
	q := strings.ToLower(strings.TrimSpace(r.URL.Query().Get("q")))
	var out []store.ViewPackage
	all, err := s.Store.Packages(r.Context(), q, mostPackages)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	for _, p := range all {
		pins, err := s.pinsOf(r, p.Key)
		if err != nil {
			s.failed(w, r, err)
			return
		}
		if len(pins) > 0 {
			out = append(out, counted(p.Key, pins))
		}
	}
	s.show(w, r, "packages", frame{Title: "Packages", Tab: "packages", Content: map[string]any{"Packages": out, "Query": q, "Most": mostPackages}})
}

// counted counts the pins that the reader sees.
func counted(key string, pins []store.ViewPin) store.ViewPackage {
	out, projects := store.ViewPackage{Key: key, Pins: len(pins)}, map[string]bool{}
	for _, p := range pins {
		projects[p.Project] = true
		if p.Standing == "behind" {
			out.Behind++
		}
	}
	out.Projects = len(projects)
	return out
}

func (s *Site) pinsOf(r *http.Request, key string) ([]store.ViewPin, error) {
	pins, err := s.Store.PinsOf(r.Context(), key)
	return slices.DeleteFunc(pins, func(p store.ViewPin) bool { return !sees(r, p.Project) }), err
}

// version is the projects that pin one version.
type version struct {
	Version string
	Pins    []store.ViewPin
}

func (s *Site) onePackage(w http.ResponseWriter, r *http.Request) {
	key := strings.ToLower(r.PathValue("name"))
	pins, err := s.pinsOf(r, key)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	if len(pins) == 0 {
		s.problem(w, r, http.StatusNotFound, "No project that you may see pins such a package.")
		return
	}
	q := strings.TrimSpace(r.URL.Query().Get("version"))
	var versions []version
	for _, p := range pins {
		if q != "" && p.Version != q && !strings.HasPrefix(p.Version, q+".") {
			continue
		}
		i := slices.IndexFunc(versions, func(v version) bool { return v.Version == p.Version })
		if i < 0 {
			versions, i = append(versions, version{Version: p.Version}), len(versions)
		}
		versions[i].Pins = append(versions[i].Pins, p)
	}
	slices.SortStableFunc(versions, func(a, b version) int { return len(b.Pins) - len(a.Pins) })
	s.show(w, r, "package", frame{Title: key, Tab: "packages", Content: map[string]any{"Key": key, "Versions": versions, "Query": q, "Pins": len(pins)}})
}

func (s *Site) fleet(w http.ResponseWriter, r *http.Request) {
	rows, sum, err := s.rows(r, "")
	if err != nil {
		s.failed(w, r, err)
		return
	}
	var waiting, running []row
	for _, o := range rows {
		if !o.State.Waiting.IsZero() {
			waiting = append(waiting, o)
		}
		if !o.State.Running.IsZero() {
			running = append(running, o)
		}
	}
	slices.SortStableFunc(waiting, func(a, b row) int { return a.State.Waiting.Compare(b.State.Waiting) })
	slowest := slices.DeleteFunc(slices.Clone(rows), func(o row) bool { return o.State.Took == 0 })
	slices.SortStableFunc(slowest, func(a, b row) int { return int(b.State.Took - a.State.Took) })
	var hosts []Host
	if s.Hosts != nil {
		hosts = s.Hosts()
	}
	s.show(w, r, "fleet", frame{Title: "Fleet", Tab: "fleet", Content: map[string]any{
		"Waiting": waiting, "Running": running, "Slowest": slowest[:min(len(slowest), 20)], "Hosts": hosts, "Sum": sum,
	}})
}

// chart is libyears by week as the points of a line, 200 by 40, without any text: the page
// says the figures beside it. It is empty where there are fewer than two weeks.
func chart(weeks []store.ViewWeek) string {
	if len(weeks) < 2 {
		return ""
	}
	var most float64
	for _, w := range weeks {
		most = max(most, w.Libyears)
	}
	if most == 0 {
		most = 1
	}
	var points strings.Builder
	for i, w := range weeks {
		fmt.Fprintf(&points, "%.1f,%.1f ", float64(i)*200/float64(len(weeks)-1), 38-w.Libyears/most*36)
	}
	return strings.TrimSpace(points.String())
}
