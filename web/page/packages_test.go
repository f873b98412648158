package page_test

import (
	"fmt"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/store"
	"gitlab.com/cki-project/pinwheel/web/page"
)

// A package that many projects pin has a page in leaves, each of a size that a phone can take, and each
// version says how many pin it.
func TestAPackageOfManyProjectsHasLeaves(t *testing.T) {
	db := opened(t)
	for i := range 150 {
		version := "2.0"
		if i%3 == 0 {
			version = "1.26"
		}
		keep(t, db, store.View{Project: fmt.Sprintf("g/p%03d", i), Pins: []store.ViewPin{{File: "c.txt", Line: 1, Key: "urllib3", Name: "urllib3", Version: version, Standing: "current"}}})
	}
	site := page.New(page.Options{Store: db})
	for path, want := range map[string]struct {
		rows int
		says string
	}{
		"/packages/urllib3":                     {60, "2.0 100"},
		"/packages/urllib3?page=2":              {60, "1.26 50"},
		"/packages/urllib3?page=3":              {30, "Previous Page 3 of 3"},
		"/packages/urllib3?version=1.26":        {50, "1.26 50"},
		"/packages/urllib3?version=2&page=2":    {40, "Previous Page 2 of 2"},
		"/packages/urllib3?version=3":           {0, "Nobody pins 3."},
		"/packages/urllib3?version=2.0&page=99": {40, "2.0 100"},
	} {
		_, body := read(t, site, path, page.Reader{})
		if n := strings.Count(body, `<li><a href="/projects/`); n != want.rows {
			t.Errorf("%s lists %d pins, want %d", path, n, want.rows)
		}
		shows(t, path, text(body), want.says, "150 pins in 150 projects")
	}
	_, body := read(t, site, "/packages/urllib3?version=2", page.Reader{})
	shows(t, "the links", body, `href="/packages/urllib3?page=2&amp;version=2"`)
}
