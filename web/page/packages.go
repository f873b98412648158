package page

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/store"
)

// mostPackages is how many packages one page lists.
const mostPackages = 300

// normal finds the separators of a name, each of which PEP 503 replaces by one "-".
var normal = regexp.MustCompile(`[-_.]+`)

// keyOf is a name as the database has it (PEP 503).
func keyOf(name string) string { return normal.ReplaceAllString(strings.ToLower(name), "-") }

// question is a name with a version: "urllib3 1.26", "urllib3==1.26" or "urllib3 1.26.*".
var question = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\s*={2,3}\s*|\s+)v?([0-9][0-9A-Za-z.!+_-]*?)(?:\.\*)?$`)

// packages answers with the list of packages that projects of the reader's pin. A search for a
// name with a version leads to the page of that package.
func (s *Site) packages(w http.ResponseWriter, r *http.Request) {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	if m := question.FindStringSubmatch(q); m != nil {
		http.Redirect(w, r, "/packages/"+url.PathEscape(keyOf(m[1]))+queryOf("version", m[2]), http.StatusSeeOther)
		return
	}
	rows, err := s.rows(r, "")
	if err != nil {
		s.failed(w, r, err)
		return
	}
	among := []string{}
	for _, o := range rows {
		among = append(among, o.Path)
	}
	found, err := s.Store.Packages(r.Context(), keyOf(q), among, mostPackages)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, "packages", frame{Title: "Packages", Tab: "packages", Content: map[string]any{"Packages": found, "Query": q, "Most": mostPackages}})
}

// version is the projects that pin one version: how many, and those that one page lists.
type version struct {
	Version string
	Count   int
	Pins    []store.ViewPin
}

// leafOfPins leaves of versions what one page lists, and returns the page.
func leafOfPins(versions []version, asked string, link func(page int) string) ([]version, leaf) {
	all := 0
	for i := range versions {
		versions[i].Count = len(versions[i].Pins)
		all += versions[i].Count
	}
	page := leafOf(asked, all, link)
	skip, left := (page.At-1)*perPage, perPage
	var out []version
	for _, v := range versions {
		from := min(skip, len(v.Pins))
		to := min(from+left, len(v.Pins))
		skip, left = skip-from, left-(to-from)
		if v.Pins = v.Pins[from:to]; len(v.Pins) > 0 {
			out = append(out, v)
		}
	}
	return out, page
}

// onePackage answers with the projects that pin a package, by version, the most frequent first, in pages. A
// version in the address narrows the list down to it and those that begin with it.
func (s *Site) onePackage(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	key := keyOf(name)
	if key != name {
		http.Redirect(w, r, "/packages/"+url.PathEscape(key)+queryOf("version", r.URL.Query().Get("version")), http.StatusSeeOther)
		return
	}
	pins, err := s.Store.PinsOf(r.Context(), key)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	rows, err := s.rows(r, "")
	if err != nil {
		s.failed(w, r, err)
		return
	}
	seen := map[string]bool{}
	for _, o := range rows {
		seen[o.Path] = true
	}
	pins = slices.DeleteFunc(pins, func(p store.ViewPin) bool { return !seen[p.Project] })
	if len(pins) == 0 {
		s.problem(w, r, http.StatusNotFound, "No project that you may see pins such a package.")
		return
	}
	q := strings.TrimSuffix(strings.TrimSpace(r.URL.Query().Get("version")), ".*")
	var versions []version
	projects := map[string]bool{}
	for _, p := range pins {
		projects[p.Project] = true
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
	shown, page := leafOfPins(versions, r.URL.Query().Get("page"), func(n int) string {
		return "/packages/" + url.PathEscape(key) + queryOf("version", q, "page", strconv.Itoa(n))
	})
	s.show(w, r, "package", frame{Title: key, Tab: "packages", Content: map[string]any{"Key": key, "Versions": shown, "Page": page, "Query": q, "Pins": len(pins), "Projects": len(projects)}})
}
