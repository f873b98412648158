package pypi

import (
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// With Hourly an index is asked for a page once in an hour of the clock, whatever runs ask for
// it, and for a page that failed again at once.
func TestAPageIsAskedForOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pypisim.New(pypisim.Options{})
		if err := s.Load("idna 3.4 1999-01-01\nsix 1.16 1999-01-01"); err != nil {
			t.Fatal(err)
		}
		if err := s.Inject("GET /simple/six/ 500 always"); err != nil {
			t.Fatal(err)
		}
		c := New(Options{Transport: s.Transport(), Hourly: true, Retries: -1})
		etags := map[string]string{}
		ask := func() (asked int) {
			before := len(s.Requests())
			var all []Request
			for _, name := range []string{"idna", "six", "nobody"} {
				all = append(all, Request{Source: public, Name: name, ETag: etags[name]})
			}
			for _, r := range c.ForRun(nil).FetchAll(t.Context(), all, nil) {
				name, a := r.Request.Name, r.Answer
				if name != "six" && (r.Err != nil || a.Known != (name == "idna") || etags[name] != "" && (!a.NotModified || a.ETag != etags[name])) || name == "six" && r.Err == nil {
					t.Errorf("%s: %+v, %v", name, a, r.Err)
				}
				etags[name] = a.ETag
			}
			return len(s.Requests()) - before
		}
		time.Sleep(10 * time.Minute)
		for i, want := range []int{3, 1, 1} {
			if n := ask(); n != want {
				t.Errorf("look %d sends %d requests, want %d", i, n, want)
			}
		}
		etags["idna"] = "" // what was stored is gone
		if n := ask(); n != 2 {
			t.Errorf("a run that has nothing stored sends %d requests", n)
		}
		time.Sleep(50 * time.Minute)
		if n := ask(); n != 3 {
			t.Errorf("in the next hour %d requests are sent", n)
		}
	})
}
