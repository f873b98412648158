package page

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// How many entries of a long list a project's page shows, at first and at most.
const (
	fewEntries, mostEntries = 20, 500 // of the audit and of the merge requests
	fewPins                 = 25
)

// section is the updates in one state.
type section struct {
	State   string
	Updates []store.ViewUpdate
}

// sections are updates by state, in the order in which the states come.
func sections(updates []store.ViewUpdate) []section {
	var out []section
	for _, u := range updates {
		i := slices.IndexFunc(out, func(s section) bool { return s.State == u.State })
		if i < 0 {
			out, i = append(out, section{State: u.State}), len(out)
		}
		out[i].Updates = append(out[i].Updates, u)
	}
	return out
}

// details is the page of a project.
type details struct {
	Row     row
	View    store.View
	Issue   int64 // its dashboard
	Body    template.HTML
	Waits   []section
	Pins    []store.ViewPin
	AllPins string // the link to all of them, empty if they are all there
	Query   string
	Merges  []plan.MergeRequest
	// MoreMerges and MoreAudit are links to more of them, empty if they are all there.
	MoreMerges, MoreAudit string
	Audit                 []store.AuditEntry
}

// project answers with the page of one project.
func (s *Site) project(w http.ResponseWriter, r *http.Request) {
	path := strings.Trim(r.PathValue("path"), "/")
	rows, err := s.rows(r, path)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	i := slices.IndexFunc(rows, func(o row) bool { return strings.EqualFold(o.Path, path) })
	if i < 0 { // who may not see a project does not learn whether there is one
		s.problem(w, r, http.StatusNotFound, "There is no such project here, or you may not see it.")
		return
	}
	d := details{Row: rows[i], Query: strings.ToLower(strings.TrimSpace(r.URL.Query().Get("q")))}
	if err := s.fill(r, &d); err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, "project", frame{Title: d.Row.Path, Tab: "projects", Content: d})
}

// fill reads what a project's page shows.
func (s *Site) fill(r *http.Request, d *details) error {
	ctx, path, asked := r.Context(), d.Row.Path, r.URL.Query()
	view, ok, err := s.Store.ViewOf(ctx, path)
	if err != nil || !ok {
		return err
	}
	view.URL = linkable(view.URL)
	d.View, d.Waits = view, sections(view.Updates)
	d.Pins = pinsOf(view.Pins, d.Query, asked.Get("pins") == "all")
	if d.Query == "" && len(d.Pins) < len(view.Pins) {
		d.AllPins = "?pins=all#explain"
	}
	memory, err := s.Store.ProjectMemory(ctx, path)
	if err != nil {
		return err
	}
	d.Issue = memory.DashboardIID
	if d.Body, err = dashboard(memory.DashboardBody, view.URL); err != nil {
		d.Body = ""
	}
	merges, err := s.Store.MergeRequests(ctx, path)
	if err != nil {
		return err
	}
	slices.Reverse(merges)
	few := number(asked.Get("merges"))
	if d.Merges = merges[:min(len(merges), few)]; len(d.Merges) < len(merges) && few < mostEntries {
		d.MoreMerges = "?merges=" + strconv.Itoa(mostEntries) + "#history"
	}
	for i := range d.Merges {
		d.Merges[i].WebURL = linkable(d.Merges[i].WebURL)
	}
	few = number(asked.Get("audit"))
	audit, err := s.Store.AuditTail(ctx, path, few+1)
	if d.Audit = audit[:min(len(audit), few)]; len(d.Audit) < len(audit) && few < mostEntries {
		d.MoreAudit = "?audit=" + strconv.Itoa(mostEntries) + "#audit"
	}
	return err
}

// linkable is an address that a page may lead to, empty for any other.
func linkable(address string) string {
	if u, err := url.Parse(address); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return address
}

// number is how many entries an address asks for, from fewEntries to mostEntries.
func number(asked string) int {
	if n, err := strconv.Atoi(asked); err == nil && n > fewEntries {
		return min(n, mostEntries)
	}
	return fewEntries
}

// pinsOf are the pins that are asked for: those whose names hold a text; without one the first
// of those that are not current, or all.
func pinsOf(pins []store.ViewPin, q string, all bool) []store.ViewPin {
	if q != "" {
		return slices.DeleteFunc(slices.Clone(pins), func(p store.ViewPin) bool {
			return !strings.Contains(p.Key, q) && !strings.Contains(strings.ToLower(p.Name), q)
		})
	}
	if all || len(pins) <= fewPins {
		return pins
	}
	out := slices.DeleteFunc(slices.Clone(pins), func(p store.ViewPin) bool { return p.Standing == "current" })
	return out[:min(len(out), fewPins)]
}
