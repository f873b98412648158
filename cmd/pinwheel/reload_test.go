package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
)

// Serve takes a configuration over that changed, and goes on with the one before it while
// that on disk is wrong, and says so.
func TestServeReadsItsConfigurationAgain(t *testing.T) {
	w := newWorld(t)
	w.poll = 10 * time.Millisecond
	w.add("group/second", map[string]string{"constraints.txt": pins})
	at := freeAddress(t)
	stop := w.serve(fmt.Sprintf("listen: {metrics: %q}\n", at))
	metrics, ready := "http://"+at+"/metrics", "http://"+at+"/readyz"
	until(t, metrics, `pinwheel_runs_total{project="group/project"} 1`, "pinwheel_configuration_stale 0")
	right := w.read("pinwheel.yaml")

	w.swap("pinwheel.yaml", strings.Replace(right, "projects:", "projectz:", 1))
	until(t, metrics, "pinwheel_configuration_stale 1", `pinwheel_runs_total{project="group/project"} 1`)
	if status, body := answer(t, ready); status != 200 {
		t.Errorf("readyz answers %d: %s", status, body)
	}

	w.swap("pinwheel.yaml", strings.Replace(right, "projects:\n", "projects:\n  - {path: group/second, timezone: UTC}\n", 1)+"schedule: \"@daily\"\nruns_at_once: 3\n")
	until(t, metrics, "pinwheel_configuration_stale 0", `pinwheel_pins{project="group/second"} 2`)

	w.swap("pinwheel.yaml", strings.NewReplacer("path: group/project", "path: group/second", "store: ", "store: other-", "{metrics:", fmt.Sprintf("{page: %q, page_access: proxy, metrics:", freeAddress(t))).Replace(right))
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, body := answer(t, metrics); !strings.Contains(body, "group/project") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a project that is not in the configuration any more is among the metrics")
		}
	}
	code, complaints := stop()
	w.want(code, exitDone, complaints)
	has(t, complaints, "what was there before stays in use", "projectz", `"keys":"store listen.page listen.page_access"`, `"schedule":"@daily"`)
	if strings.Contains(complaints, "runs_at_once") {
		t.Errorf("runs_at_once counts later:\n%s", complaints)
	}
}

// An address moves while serve is at work. One that cannot be opened leaves the one before it in use,
// and is opened once it can be.
func TestServeMovesAnAddress(t *testing.T) {
	w := newWorld(t)
	w.poll = 10 * time.Millisecond
	from, taken, to := freeAddress(t), freeAddress(t), freeAddress(t)
	other, err := net.Listen("tcp", taken)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	at := func(address string) string { return "http://" + address + "/metrics" }
	stop := w.serve(fmt.Sprintf("listen: {metrics: %q}\n", from))
	until(t, at(from), `pinwheel_runs_total{project="group/project"} 1`)
	w.edit(from, taken)
	until(t, at(from), "pinwheel_configuration_stale 1")
	w.edit(taken, to)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", to); err == nil {
			conn.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the new address is never opened")
		}
	}
	until(t, at(to), "pinwheel_configuration_stale 0")
	if _, err := net.Dial("tcp", from); err == nil {
		t.Error("the address from before takes connections")
	}
	code, complaints := stop()
	w.want(code, exitDone, complaints)
	has(t, complaints, "what was there before stays in use", "listen.metrics", "another program may use that address")
}

// A token that is wrong leaves the one before it in use; one that is right replaces it.
func TestServeKeepsATokenUntilTheNewOneIsRight(t *testing.T) {
	w := newWorld(t)
	w.poll = 10 * time.Millisecond
	token := w.env["PINWHEEL_GITLAB_TOKEN"]
	delete(w.env, "PINWHEEL_GITLAB_TOKEN")
	w.env["NOT_A_VARIABLE_OF_OURS"] = token // so that it may not show
	path := w.write("token", token+"\n")
	w.edit("gitlab: {", "gitlab: {token_file: "+path+", ")
	at := freeAddress(t)
	stop := w.serve(fmt.Sprintf("listen: {metrics: %q}\n", at))
	metrics := "http://" + at + "/metrics"
	until(t, metrics, "pinwheel_configuration_stale 0", `pinwheel_runs_total{project="group/project"} 1`)
	for _, wrong := range []string{"", "two words", "glpat-not-a-token-of-anybody"} {
		w.swap("token", wrong)
		until(t, metrics, "pinwheel_configuration_stale 1")
		w.swap("token", token)
		until(t, metrics, "pinwheel_configuration_stale 0")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	until(t, metrics, "pinwheel_configuration_stale 1")
	w.touch()
	w.swap("token", w.gitlab.Token("pinwheel-bot"))
	w.touch()
	until(t, metrics, "pinwheel_configuration_stale 0")
	code, complaints := stop()
	w.want(code, exitDone, complaints)
	has(t, complaints, "GitLab does not accept the new token", "gitlab.token_file")
	if strings.Contains(complaints, "glpat-not-a-token") {
		t.Error("the token that was wrong shows")
	}
}

// swap writes a file of the world as a whole.
func (w *world) swap(name, text string) {
	w.t.Helper()
	if err := os.Rename(w.write(name+".new", text), w.path(name)); err != nil {
		w.t.Fatal(err)
	}
}

// touch changes the configuration without changing what it says.
func (w *world) touch() { w.swap("pinwheel.yaml", w.read("pinwheel.yaml")+"# changed\n") }

// Serve finds projects, runs them, and takes over those that a changed configuration finds.
func TestServeFindsProjects(t *testing.T) {
	w := discovering(t, "{groups: [group]}")
	w.poll = 10 * time.Millisecond
	w.add("group/own", map[string]string{"constraints.txt": pins, config.OwnFile: ownFile})
	w.add("team/own", map[string]string{"constraints.txt": pins, config.OwnFile: ownFile})
	at := freeAddress(t)
	stop := w.serve(fmt.Sprintf("listen: {metrics: %q}\n", at))
	metrics := "http://" + at + "/metrics"
	body := until(t, metrics, `pinwheel_pins{project="group/own"} 2`)
	if strings.Contains(body, "team/own") || strings.Contains(body, "group/project") {
		t.Errorf("it found other projects:\n%s", body)
	}
	w.edit("groups: [group]", "groups: [group, team]")
	until(t, metrics, `pinwheel_pins{project="team/own"} 2`, `pinwheel_pins{project="group/own"} 2`)
	code, complaints := stop()
	w.want(code, exitDone, complaints)
}

// A project with a token of its own is spoken to by that one alone.
func TestAProjectHasATokenOfItsOwn(t *testing.T) {
	for _, key := range []string{"token_variable: TEAM_TOKEN", "token_file: "} {
		w := newWorld(t)
		w.gitlab.AddBot("team-bot", "team")
		second := w.gitlab.AddProject("group/second", "main", map[string]string{"constraints.txt": pins})
		second.SetCI(false)
		w.gitlab.AddMember(second, "team-bot", 30)
		w.env["TEAM_TOKEN"] = w.gitlab.Token("team-bot")
		if key == "token_file: " {
			key += w.write("team", w.env["TEAM_TOKEN"])
		}
		w.edit("projects:\n", "projects:\n  - {path: group/second, timezone: UTC, "+key+"}\n")
		code, out, complaints := w.configured("run")
		w.want(code, exitDone, complaints)
		has(t, out, "group/second: done, ", "group/project: done, ")
		apart := func() {
			t.Helper()
			for _, r := range w.gitlab.Requests() {
				if team := strings.Contains(r.Path, fmt.Sprintf("/projects/%d", second.ID())) || strings.Contains(r.Path, "second"); team != (r.User == "team-bot") && strings.HasPrefix(r.Path, "/projects/") {
					t.Errorf("%s by %s", r, r.User)
				}
			}
			w.gitlab.ForgetRequests()
		}
		apart()
		_, out, complaints = w.configured("doctor")
		has(t, out+complaints, "token: of pinwheel-bot ", "token in "+strings.NewReplacer("token_", "", ":", "").Replace(key), "team-bot has the scope api", "group/second: the token's user is a Developer")
		apart()
		code, out, complaints = w.configured("plan", "group/second")
		w.want(code, exitDone, complaints)
		has(t, out, "group/second: ")
	}
	w := newWorld(t)
	w.edit("projects:\n", "projects:\n  - {path: group/second, timezone: UTC, token_variable: TEAM_TOKEN}\n")
	code, _, complaints := w.configured("run")
	w.want(code, exitUsage, complaints)
	has(t, complaints, "pinwheel.yaml:5: token_variable: the environment has no TEAM_TOKEN: set it")
}
