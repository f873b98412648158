package sim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"gitlab.com/cki-project/pinwheel/store"
)

// effects are the ways in which GitLab is changed, and which lines of the audit
// are about each.
var effects = []struct {
	method, path string // the path ends in it, or holds it before a number
	actions      []string
}{
	{"POST", "/repository/commits", []string{"CommitBranch"}},
	{"POST", "/repository/branches", []string{"CommitBranch", "KeepCommits", "KeepReplaced"}},
	{"DELETE", "/repository/branches/", []string{"DeleteBranch"}},
	{"POST", "/merge_requests", []string{"OpenMergeRequest"}},
	{"POST", "/notes", []string{"KeepCommits", "NoteMergeRequest", "CloseMergeRequest", "AskForTests", "EditMergeRequest", "OpenMergeRequest", "CommentDashboard", "CloseDashboard"}},
	{"PUT", "/merge", []string{"Merge"}},
	{"PUT", "/merge_requests/", []string{"OpenMergeRequest", "EditMergeRequest", "CloseMergeRequest", "GuardMergeRequest"}},
	{"POST", "/pipeline", []string{"AskForTests", "StartGate"}},
	{"POST", "/retry", []string{"RetryJob"}},
	{"POST", "/statuses/", []string{"SetStatus"}},
	{"POST", "/issues", []string{"CreateDashboard"}},
	{"PUT", "/issues/", []string{"EditDashboard", "CloseDashboard"}},
}

// auditor holds I14 and I16: whatever a process writes to GitLab has a line of
// the audit before it, which has no end yet, and holds no secret.
type auditor struct {
	w    *world
	mu   sync.Mutex
	open []store.AuditEntry // begun, and not ended
}

// line takes a line of the audit as it is written.
func (a *auditor) line(text []byte) error {
	var e store.AuditEntry
	if err := json.Unmarshal(text, &e); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch e.Event {
	case store.Began:
		a.open = append(a.open, e)
	case store.Ended:
		if i := slices.IndexFunc(a.open, func(o store.AuditEntry) bool { return o.Action == e.Action && o.Run == e.Run }); i >= 0 {
			a.open = slices.Delete(a.open, i, i+1)
		} else {
			a.w.judge.fault("I16: %s of %s ended and never began", e.Action, e.Target)
		}
	case store.Asked:
	}
	a.secret("a line of the audit", text)
	return nil
}

// request looks at a request before it is sent.
func (a *auditor) request(req *http.Request) {
	if req.Method == http.MethodGet || req.Method == http.MethodHead {
		return
	}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		a.secret(req.Method+" "+req.URL.Path, body)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range effects {
		if e.method != req.Method || !strings.HasSuffix(req.URL.Path, e.path) && !(strings.HasSuffix(e.path, "/") && strings.Contains(req.URL.Path, e.path)) {
			continue
		}
		if !slices.ContainsFunc(a.open, func(o store.AuditEntry) bool { return slices.Contains(e.actions, o.Action) }) {
			a.w.judge.fault("I16: %s %s has no line in the audit", req.Method, req.URL.Path)
		}
		return
	}
	a.w.judge.fault("I16: nobody knows which line of the audit %s %s should have", req.Method, req.URL.Path)
}

// secret looks for the token in what is written.
func (a *auditor) secret(where string, text []byte) {
	if a.w.token != "" && bytes.Contains(text, []byte(a.w.token)) {
		a.w.judge.fault("I14: the token is in %s", where)
	}
}

// files looks for the token in a database.
func (a *auditor) files(path string) {
	for _, suffix := range []string{"", "-wal"} {
		if data, err := os.ReadFile(path + suffix); err == nil {
			a.secret("the database", data)
		}
	}
}

// The auditor sees what it is there for.
func TestTheAuditorSeesWhatIsMissing(t *testing.T) {
	inBubble(t, everyday, func(t *testing.T, w *world) {
		a := &auditor{w: w}
		ask := func(method, path, body string) {
			req, err := http.NewRequest(method, "https://gitlab.example/api/v4/projects/1"+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			a.request(req)
		}
		wrong := func(want string) {
			t.Helper()
			if len(w.judge.wrong) != 1 || !strings.Contains(w.judge.wrong[0], want) {
				t.Errorf("the judge says %q, want %q", w.judge.wrong, want)
			}
			w.judge.wrong = nil
		}
		ask("POST", "/repository/commits", "{}")
		wrong("I16: POST")
		ask("PATCH", "/anything", "{}")
		wrong("I16: nobody knows")
		if err := a.line([]byte(`{"run":1,"event":"began","action":"CommitBranch"}`)); err != nil {
			t.Fatal(err)
		}
		ask("POST", "/repository/commits", "{}")
		if len(w.judge.wrong) > 0 {
			t.Errorf("an effect with its line: %q", w.judge.wrong)
		}
		ask("POST", "/repository/commits", `{"message": "`+w.token+`"}`)
		wrong("I14: the token")
		if err := a.line([]byte(`{"run":1,"event":"ended","action":"CommitBranch"}`)); err != nil {
			t.Fatal(err)
		}
		ask("POST", "/repository/commits", "{}")
		wrong("I16: POST")
		if err := os.WriteFile(w.dir+"/x.db", []byte("xx"+w.token+"xx"), 0o600); err != nil {
			t.Fatal(err)
		}
		a.files(w.dir + "/x.db")
		wrong("I14: the token is in the database")
	})
}
