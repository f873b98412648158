package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// What is wrong with an index is said of the index, once, with what mends it
// there.
func TestDoctorSaysWhichServerIsMeant(t *testing.T) {
	t.Parallel()
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(tls.Close)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html><title>Sign in</title></html>")
	}))
	t.Cleanup(page.Close)
	for _, c := range []struct{ name, address, want string }{
		{"refused", dead.URL, "the connection was refused"},
		{"not trusted", tls.URL, "ca_file"},
		{"no such name", "https://index.invalid", "DNS"},
		{"a page to sign in", page.URL, "HTML"},
	} {
		w := newWorld(t)
		w.write("pinwheel.yaml", fmt.Sprintf("gitlab: {url: %q}\nindex: {url: %q}\nstore: %q\nprojects: [{path: group/project}]\n", w.gitlab.BaseURL(), c.address+"/simple/", filepath.Join(w.dir, "pinwheel.db")))
		_, out, _ := w.configured("doctor")
		found := false
		for line := range strings.Lines(out) {
			if !strings.HasPrefix(line, "error    the index:") {
				continue
			}
			found = true
			if strings.Contains(strings.ToLower(line), "gitlab") || strings.Contains(line, "could not :") || strings.Count(line, "the index") > 1 || !strings.Contains(line, c.want) ||
				!strings.Contains(line, "index.url") && !strings.Contains(line, "ca_file") {
				t.Errorf("%s: %s", c.name, line)
			}
		}
		if !found {
			t.Errorf("%s: nothing is said of the index:\n%s", c.name, out)
		}
	}
}
