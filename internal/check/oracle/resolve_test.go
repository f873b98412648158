package oracle

import (
	"errors"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// shared is the process of all tests that do not want one of their own.
var shared *Python

func TestMain(m *testing.M) {
	testenv.Roomy()
	code := m.Run()
	if shared != nil {
		shared.Close()
	}
	os.Exit(code)
}

// start gives the shared process, every answer of which comes within a minute,
// and says in the log who answers.
func start(t *testing.T) (*Python, About) {
	t.Helper()
	if shared == nil {
		shared = New(testenv.Python(t), time.Minute)
	}
	about, err := shared.About()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("Python %s, pip %s, packaging %s", about.Python, about.Pip, about.Packaging)
	return shared, about
}

// serve gives the address of an index over loopback.
func serve(t *testing.T, s *pypisim.Server) string {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL + "/simple/"
}

func TestResolve(t *testing.T) {
	p, _ := start(t)
	s := pypisim.New(pypisim.Options{Files: true})
	err := s.Load(`
a 1.0 2020-01-01 requires="b<2" requires="c; extra == 'x'" extra=x
a 2.0 2020-01-02 requires="b>=2"
a 3.0 2020-01-03 requires="b>=2" py<3
b 1.0 2020-01-01
b 2.0 2020-01-02
c 1.0 2020-01-01 requires="d; python_version < '3'"
project lost status=quarantined
lost 1.0 2020-01-01
`)
	if err != nil {
		t.Fatal(err)
	}
	index := serve(t, s)
	for _, c := range []struct{ requirements, constraints, want string }{
		{"a", "", "a 2.0, b 2.0"},
		{"a", "b==1.0", "a 1.0, b 1.0"},
		{"a[x]", "a==1.0", "a 1.0, b 1.0, c 1.0"},
		{"a b", "a==1.0;b==2.0", "a 1.0 depends on b<2"},
		{"a>2", "", "No matching distribution found for a>2"},
		{"lost", "", "No matching distribution found for lost"},
	} {
		q := Question{Index: index, Requirements: strings.Fields(c.requirements)}
		if c.constraints != "" {
			q.Constraints = strings.Split(c.constraints, ";")
		}
		began := time.Now()
		r, err := p.Resolve(q)
		if err != nil {
			t.Errorf("%s: %v", c.requirements, err)
			continue
		}
		got := pinsText(r.Pins)
		if !r.Solved {
			got = r.Conflict
		}
		if r.Solved && got != c.want || !strings.Contains(got, c.want) {
			t.Errorf("%s: have %s, want %s", c.requirements, got, c.want)
		}
		t.Logf("%s under %q: %v", c.requirements, c.constraints, time.Since(began).Round(time.Millisecond))
	}
	for _, r := range s.Requests() {
		if r.Status != 200 && r.Status != 404 {
			t.Errorf("%s: %d", r.Path, r.Status)
		}
	}
}

// A conflict is told from an index that does not answer, and from one that is
// too slow, after which the next question is answered. The machine's settings
// have no say.
func TestNoVerdict(t *testing.T) {
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", t.TempDir())
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	p := New(testenv.Python(t), time.Minute)
	t.Cleanup(p.Close)
	s := pypisim.New(pypisim.Options{Files: true})
	if err := s.Load("a 1.0 2020-01-01"); err != nil {
		t.Fatal(err)
	}
	index := serve(t, s)
	ask := func(fault string) (Resolution, error) {
		s.ClearFaults()
		if fault != "" {
			if err := s.Inject(fault); err != nil {
				t.Fatal(err)
			}
		}
		return p.Resolve(Question{Index: index, Requirements: []string{"a"}})
	}
	for _, fault := range []string{"GET *.whl 500 always", "GET *.metadata 500 always", "GET /simple/* 500 always", "GET /simple/* 403 always", "GET /simple/* reset always"} {
		if r, err := ask(fault); err == nil || errors.Is(err, ErrTimeout) {
			t.Errorf("%s: %+v, %v", fault, r, err)
		} else {
			t.Logf("%s: %v", fault, err)
		}
	}
	p.timeout = time.Second
	if r, err := ask("GET * hang always"); !errors.Is(err, ErrTimeout) {
		t.Errorf("hangs: %+v, %v", r, err)
	}
	p.timeout = time.Minute
	if r, err := ask(""); err != nil || !r.Solved || p.Started() != 2 {
		t.Errorf("calm: %+v, %v, process %d", r, err, p.Started())
	}
}
