package main

import (
	"os"
	"strings"
	"testing"
)

// No library's words stand in what a person reads, and one fault has one exit
// code in every command.
func TestFaultsInOurWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good, bad := w.elsewhere("good.txt", "boto3==1.34.0\n"), w.elsewhere("bad.txt", "boto3=1\n")
	badYAML, noKey, badConfig := w.write("bad.yml", "k: [\n"), w.write("nokey.yml", "x: 1\n"), w.write("bad.yaml", "projects: 5\n")
	absent, folder := w.path("absent"), w.path("folder")
	must(t, os.Mkdir(folder, 0o700))
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"plan --file " + absent, exitUsage, "absent cannot be read: no such file"},
		{"verify --file " + absent, exitUsage, "absent cannot be read: no such file"},
		{"explain boto3 --file " + absent, exitUsage, "absent cannot be read: no such file"},
		{"derive " + absent + " " + w.path("o.yml"), exitUsage, "absent cannot be read: no such file or directory; check the name"},
		{"validate " + absent, exitUsage, "absent: the configuration cannot be read: no such file"},
		{"validate --own " + absent, exitUsage, "absent cannot be read: no such file"},
		{"plan --config " + absent, exitUsage, "absent: the configuration cannot be read: no such file"},
		{"plan --file " + folder, exitUsage, "folder cannot be read: it is a folder"},
		{"derive " + folder + " x.yml", exitUsage, "folder cannot be read: it is a folder"},
		{"derive " + good + " " + folder, exitUsage, "folder cannot be read: it is a folder"},
		{"validate " + folder, exitUsage, "folder: the configuration cannot be read: it is a folder"},
		{"validate --own " + folder, exitUsage, "folder cannot be read: it is a folder"},
		{"plan --file " + bad, exitStopped, "bad.txt:1: "},
		{"verify --file " + bad, exitStopped, "bad.txt:1: "},
		{"derive " + bad + " " + w.path("o.yml"), exitStopped, "bad.txt:1: "},
		{"plan --file " + good + " --derived " + badYAML, exitStopped, "bad.yml:"},
		{"derive " + good + " " + badYAML, exitStopped, "bad.yml:"},
		{"plan --file " + good + " --derived " + noKey, exitStopped, "has no key"},
		{"derive " + good + " " + noKey, exitStopped, "has no key"},
		{"derive " + good + " " + w.path("o.yml") + " --format list", exitUsage, "GitLab takes as one text"},
		{"derive " + good + " " + absent + "/x.yml", exitFailed, "x.yml cannot be written: there is no such folder"},
		{"plan --config " + badConfig, exitUsage, "bad.yaml:1"},
		{"doctor --config " + badConfig, exitUsage, "bad.yaml:1"},
		{"plan --nope", exitUsage, "there is no flag --nope; pinwheel help plan lists the flags"},
		{"plan --dif", exitUsage, "there is no flag --dif; did you mean --diff?"},
		{"plan --at", exitUsage, "--at needs a value"},
		{"plan --diff=maybe", exitUsage, `--diff is true or false, not "maybe"`},
		{"plan -=", exitUsage, `"-=" is no flag`},
		{"demo --port x", exitUsage, `--port "x" is not a number`},
		{"demo --port 99999999999999999999", exitUsage, `--port "99999999999999999999" is not a number`},
		{"health --within 5", exitUsage, `--within "5" is not a time: write it as 90m or 2h`},
		{"verify --roots ==", exitUsage, `--roots "==" does not begin with a name: write NAME==VERSION`},
		{"verify --roots a,b", exitUsage, `--roots "b" has no operator`},
	} {
		code, _, complaints := w.pinwheel(strings.Fields(tt.args)...)
		if code != tt.code || !strings.Contains(complaints, tt.says) {
			t.Errorf("pinwheel %s: %d, want %d: %s\nwant %q", tt.args, code, tt.code, complaints, tt.says)
		}
		for _, word := range []string{"strconv", "parse error", "open /", "stat /", "flag provided", "flag needs", "invalid value", "boolean value", "bad flag", "is a directory", ".pinwheel-", "did not find", "<nil>", "%!"} {
			if strings.Contains(complaints, word) {
				t.Errorf("pinwheel %s: %s holds a library's word %q", tt.args, complaints, word)
			}
		}
		if n := strings.Count(strings.TrimSpace(complaints), "\n"); n > 0 {
			t.Errorf("pinwheel %s: %d lines of complaints, want one:\n%s", tt.args, n+1, complaints)
		}
		if strings.Contains(complaints, "bad.txt: "+bad) || strings.Contains(complaints, badYAML+": "+badYAML) {
			t.Errorf("pinwheel %s names a file twice: %s", tt.args, complaints)
		}
	}
}

// Without a configuration every command says what to do next.
func TestNoConfigurationSaysTheNextStep(t *testing.T) {
	w := newWorld(t)
	t.Chdir(t.TempDir())
	for _, args := range []string{"run", "serve", "plan", "explain boto3", "verify", "validate", "doctor", "audit", "history", "health"} {
		code, _, complaints := w.pinwheel(strings.Fields(args)...)
		if code != exitUsage || !strings.Contains(complaints, "there is no pinwheel.yaml here: ") || !strings.Contains(complaints, "pinwheel help config") ||
			strings.Count(complaints, "\n") != 1 {
			t.Errorf("pinwheel %s: %d, %s", args, code, complaints)
		}
	}
}

// What strangers write is cut before it fills a screen.
func TestVerifyCutsLongReasons(t *testing.T) {
	w := newWorld(t)
	if err := w.index.Load("boto3 1.30.0 2023-12-13 yanked=\"" + strings.Repeat("broken ", 10_000) + "\"\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.project.EditFile("maintainer", "constraints.txt", "boto3==1.30.0\n"); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"verify", "plan", "explain boto3"} {
		_, out, complaints := w.configured(strings.Fields(command)...)
		for line := range strings.Lines(out + complaints) {
			if len(line) > 1500 {
				t.Errorf("pinwheel %s prints a line of %d bytes", command, len(line))
			}
		}
		if command == "verify" && !strings.Contains(out, "broken") {
			t.Errorf("verify does not give the reason: %s", out)
		}
	}
}

// Every command that reads a constraints file names all that is wrong with it, a line
// for each.
func TestEveryMistakeOfAFileIsNamed(t *testing.T) {
	w := newWorld(t)
	const broken = "boto3==1.34.0\nurllib3 = 2\nidna >>3\nsix==1 2\n"
	file := w.elsewhere("broken.txt", broken)
	want := []string{`:2: "=" is not an operator; write ==`, `:3: ">>" is not an operator; write >`, `:4: "1 2" is not a version; remove the space`}
	for _, command := range []string{"plan --file FILE", "verify --file FILE", "explain boto3 --file FILE", "derive FILE OUT", "derive FILE OUT --check"} {
		args := strings.Fields(strings.NewReplacer("FILE", file, "OUT", w.path("out.yml")).Replace(command))
		code, _, complaints := w.pinwheel(args...)
		w.want(code, exitStopped, complaints)
		for _, text := range want {
			if len(lines(complaints, file+text)) != 1 {
				t.Errorf("%s does not say %q:\n%s", command, text, complaints)
			}
		}
		if n := strings.Count(complaints, "\n"); n != len(want) {
			t.Errorf("%s: %d lines, want %d:\n%s", command, n, len(want), complaints)
		}
	}
	if _, err := w.project.Push("maintainer", "main", "Break it", map[string]string{"constraints.txt": broken}); err != nil {
		t.Fatal(err)
	}
	code, out, complaints := w.configured("doctor")
	w.want(code, exitFailed, complaints+out)
	for _, text := range want {
		if len(lines(out, "error", "constraints.txt"+text)) != 1 {
			t.Errorf("doctor does not say %q:\n%s", text, out)
		}
	}
}

// What opens says so in words that do not gainsay the state before them.
func TestAnOpenWindowIsSaidInAPlan(t *testing.T) {
	w := newWorld(t)
	file := w.write("constraints.txt", pins)
	for _, args := range [][]string{{"plan", "--at", saturday}, {"plan", "--at", saturday, "--file", file}} {
		code, out, complaints := w.configured(args...)
		w.want(code, exitDone, complaints)
		if len(lines(out, "boto3", "1.35.0", "awaiting-schedule", "The window is open, so a run opens it.")) != 1 || strings.Contains(out, "this run") {
			t.Errorf("%v:\n%s", args, out)
		}
	}
}
