package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Where no index can be reached, that is said once with a next step, not for each
// pin, and no run is spoken of.
func TestAnIndexThatCannotBeReachedIsSaidOnce(t *testing.T) {
	t.Parallel()
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	w := newWorld(t)
	w.env = nil
	file := w.write("constraints.txt", "a==1\nb==2\nc==3\nflask>=2\n")
	w.write("pinwheel.yaml", fmt.Sprintf("index: {url: %q}\nprojects: [{path: group/project}]\n", dead.URL+"/simple/"))
	for _, c := range []struct{ command, says string }{
		{"verify", "none of the 3 pins was checked: the index could not be read: "},
		{"plan", "none of the 3 pins was judged: the index could not be read: "},
	} {
		code, out, complaints := w.configured(c.command, "--file", file)
		w.want(code, exitFailed, complaints)
		has(t, out, c.says, "refused")
		has(t, out+complaints, "check the network or HTTPS_PROXY, or name another index with --config")
		if n := strings.Count(out, "could not be read"); n != 1 {
			t.Errorf("%s says %d times what could not be read:\n%s", c.command, n, out)
		}
		if strings.Contains(out+complaints, "next run") || strings.Contains(out, "0 conflicts") {
			t.Errorf("%s: %s%s", c.command, out, complaints)
		}
		if c.command == "plan" {
			has(t, out, "flask>=2", "a range is not a pin")
			has(t, complaints, "; check the network or HTTPS_PROXY")
		}
	}
	_, out, _ := w.configured("plan", "--json", "--file", file)
	if n := strings.Count(out, `"standing": "unread"`); n != 3 {
		t.Errorf("%d pins are unread in JSON:\n%s", n, out)
	}
}

// A name that the file does not pin is said before any index is asked.
func TestExplainLooksIntoTheFileFirst(t *testing.T) {
	w := newWorld(t)
	w.env = nil
	file := w.write("constraints.txt", "boto3==1.34.0\n\nFlask >=2  # new\ndjango\n")
	for name, says := range map[string]string{
		"nosuch": "constraints.txt pins no nosuch",
		"flask":  "constraints.txt:3: Flask >=2 is a range, not a pin",
		"django": "constraints.txt:4: django is no pin: ",
	} {
		before := len(w.index.Requests())
		code, out, complaints := w.configured("explain", name, "--file", file)
		if code != exitUsage || out != "" || strings.Count(complaints, "\n") != 1 {
			t.Errorf("%s: %d, %q, %s", name, code, out, complaints)
		}
		has(t, complaints, says)
		if n := len(w.index.Requests()) - before; n > 0 {
			t.Errorf("%s: %d requests to the index", name, n)
		}
	}
}

// A file in the place of a project is what --file is for.
func TestAFileWhereAProjectStands(t *testing.T) {
	w := newWorld(t)
	t.Chdir(w.dir)
	w.write("constraints.txt", pins)
	for _, config := range []string{"with", "without"} {
		if config == "without" {
			must(t, os.Remove(filepath.Join(w.dir, "pinwheel.yaml")))
		}
		for _, command := range []string{"plan", "verify", "explain boto3"} {
			code, out, complaints := w.pinwheel(append(strings.Fields(command), "constraints.txt")...)
			if code != exitUsage || out != "" {
				t.Errorf("%s: %d, %s", command, code, out)
			}
			has(t, complaints, "constraints.txt is a file: did you mean pinwheel "+command+" --file constraints.txt?")
		}
	}
	code, _, complaints := w.pinwheel("plan", "--file", "constraints.txt", "--file", "other.txt")
	w.want(code, exitUsage, complaints)
	has(t, complaints, "--file takes one file, and constraints.txt was named already")
}

// The marks of Markdown are for GitLab. JSON counts as the text does.
func TestTheTerminalHasNoMarkdown(t *testing.T) {
	w := newWorld(t)
	w.edit("timezone: Europe/Prague}", "timezone: Europe/Prague, rules: [{packages: [boto3], ignore: too new}]}")
	for _, command := range []string{"plan", "explain boto3", "doctor"} {
		_, out, complaints := w.configured(strings.Fields(command)...)
		if strings.Contains(out+complaints, "`") {
			t.Errorf("%s: %s%s", command, out, complaints)
		}
	}
	_, out, _ := w.configured("plan")
	has(t, out, "0 behind, 1 held", "pinwheel.yaml:5")
	_, out, _ = w.configured("plan", "--json")
	has(t, out, `"behind": 0,`, `"held": 1,`)
}

// An audit of nothing says so.
func TestAnEmptyAuditSaysSo(t *testing.T) {
	w := newWorld(t)
	w.configured("plan")
	code, out, complaints := w.configured("audit")
	w.want(code, exitDone, complaints)
	if out != "nothing was done yet\n" {
		t.Errorf("%q", out)
	}
	if _, out, _ = w.configured("audit", "--json"); out != "" {
		t.Errorf("JSON: %q", out)
	}
}
