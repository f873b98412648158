package main

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
)

// onServer moves the world's database to a server, whose password the environment holds.
func (w *world) onServer() (place string) {
	w.t.Helper()
	place = postgres.Database(w.t)
	before, rest, _ := strings.Cut(place, "@")
	cut := strings.LastIndex(before, ":")
	w.env["PINWHEEL_STORE_PASSWORD"] = before[cut+1:]
	place = before[:cut] + "@" + rest
	w.write("server.yaml", strings.Replace(w.read("pinwheel.yaml"), "store: ", "store: "+place+"\naudit_file: "+w.path("audit")+" #", 1))
	return place
}

// Every command that has a database works with one on a server, and none shows its password.
func TestCommandsOnAServer(t *testing.T) {
	w := newWorld(t)
	w.onServer()
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"doctor", exitDone, "sslmode=disable: answers"},
		{"health", exitFailed, "no good run yet"},
		{"audit", exitDone, ""},
		{"history", exitDone, ""},
		{"run --at " + saturday, exitDone, "group/project"},
		{"run --at " + saturday, exitDone, "nothing to change"},
		{"health --at " + saturday, exitDone, "the last good run ended"},
		{"audit", exitDone, "CommitBranch"},
		{"history", exitDone, "boto3"},
		{"plan", exitDone, "boto3"},
		{"pause group/project --reason holiday", exitDone, "paused"},
		{"pause", exitDone, "holiday"},
		{"resume group/project", exitDone, "resumed"},
		{"store backup " + w.path("x.db"), exitFailed, "pg_dump"},
	} {
		code, out, complaints := w.pinwheel(append(strings.Fields(c.args), "--config", w.path("server.yaml"))...)
		if code != c.code || !strings.Contains(out+complaints, c.says) {
			t.Errorf("pinwheel %s: exit code %d, want %d, and %q in:\n%s%s", c.args, code, c.code, c.says, out, complaints)
		}
	}
	w.env["PINWHEEL_STORE_PASSWORD"] = "another-word"
	code, _, complaints := w.pinwheel("run", "--config", w.path("server.yaml"))
	w.want(code, exitUsage, complaints)
	has(t, complaints, "the database refuses the password or the user")
	w.write("silent.yaml", strings.Replace(w.read("pinwheel.yaml"), "store: ", "store: postgres://u@127.0.0.1:1/d #", 1))
	code, _, complaints = w.pinwheel("run", "--config", w.path("silent.yaml"))
	w.want(code, exitFailed, complaints) // the next run may find it
	has(t, complaints, "the database does not answer: start it, or correct store")
}

// An installation moves to a server: it has the same past, and nothing to do there.
func TestStoreCopy(t *testing.T) {
	w := newWorld(t)
	place := w.onServer()
	code, _, complaints := w.configured("store", "copy", w.path("pinwheel.db"), place)
	w.want(code, exitUsage, complaints)
	has(t, complaints, "there is nothing to copy")
	code, _, complaints = w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	code, out, complaints := w.configured("store", "copy", w.path("pinwheel.db"), place)
	w.want(code, exitDone, complaints)
	has(t, out, " holds the ", "name it in the key store")
	code, _, complaints = w.configured("store", "copy", w.path("pinwheel.db"), place)
	w.want(code, exitFailed, complaints)
	has(t, complaints, "is in use: name an empty one")
	_, before, _ := w.configured("audit", "--json")
	code, after, complaints := w.pinwheel("audit", "--json", "--config", w.path("server.yaml"))
	w.want(code, exitDone, complaints)
	if before == "" || before != after {
		t.Errorf("the audit on the server:\n%s\nwant\n%s", after, before)
	}
	writes := len(w.gitlab.Writes(time.Time{}))
	code, _, complaints = w.pinwheel("run", "--at", saturday, "--config", w.path("server.yaml"))
	w.want(code, exitDone, complaints)
	if n := len(w.gitlab.Writes(time.Time{})) - writes; n != 0 {
		t.Errorf("the first run on the server wrote %d times", n)
	}
	code, _, complaints = w.configured("store", "copy", w.path("pinwheel.db"), "postgres://u:some-word@127.0.0.1/d")
	w.want(code, exitUsage, complaints)
	has(t, complaints, "holds a password")
}
