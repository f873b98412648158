package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	sys "golang.org/x/sys/unix"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// pseudoTerminal opens a pair of the system's: what is typed into the first is read from
// the second, and the first shows what a person sees.
func pseudoTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|sys.O_NOCTTY, 0)
	testenv.Need(t, err == nil, "/dev/ptmx, for a pseudo-terminal")
	must(t, sys.IoctlSetPointerInt(int(person.Fd()), sys.TIOCSPTLCK, 0))
	n, err := sys.IoctlGetInt(int(person.Fd()), sys.TIOCGPTN)
	must(t, err)
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|sys.O_NOCTTY, 0)
	must(t, err)
	return person, program
}

// reply is what a person types once a question stands there.
type reply struct{ to, types string }

// theEnd is what a test writes behind all that the program did: what is still on its way
// when a terminal closes may be lost.
const theEnd = "[the end]"

// converse types the answers, each once, in their order, and returns what the terminal
// showed until the end.
func converse(person *os.File, answers []reply) <-chan string {
	shown := make(chan string, 1)
	go func() {
		var all strings.Builder
		from := 0
		buffer := make([]byte, 4096)
		for {
			n, err := person.Read(buffer)
			all.Write(buffer[:n])
			if len(answers) > 0 {
				if at := strings.Index(all.String()[from:], answers[0].to); at >= 0 {
					from += at + len(answers[0].to)
					io.WriteString(person, answers[0].types) //nolint:errcheck // the program says what it misses
					answers = answers[1:]
				}
			}
			if err != nil || strings.Contains(all.String(), theEnd) {
				for _, a := range answers {
					all.WriteString("\nNEVER ASKED: " + a.to)
				}
				shown <- all.String()
				return
			}
		}
	}()
	return shown
}

// At a terminal init asks, and the token that is typed shows nowhere.
func TestInitAtATerminal(t *testing.T) {
	w := furnished(t)
	token := w.env["PINWHEEL_GITLAB_TOKEN"]
	delete(w.env, "PINWHEEL_GITLAB_TOKEN")
	person, terminal := pseudoTerminal(t)
	defer person.Close()
	shown := converse(person, []reply{
		{"Project on GitLab, group/project: ", "group/project\n"},
		{"Address of GitLab [https://gitlab.com]: ", w.gitlab.BaseURL() + "\n"},
		{"(not shown): ", token + "\r"},
		{"of these [constraints.txt]: ", "constraints.txt, requirements/dev.txt\n"},
		{"in which time zone [UTC]: ", "\n"},
		{"taken apart if its pipeline is red? y or n [n]: ", "what\n"},
		{"taken apart if its pipeline is red? y or n [n]: ", "y\n"},
		{"so that the team keeps these settings itself? y or n [n]: ", "yes\n"},
	})
	p := &program{
		in: terminal, out: terminal, err: terminal, screen: true, env: func(k string) string { return w.env[k] },
		now: func() time.Time { return instant(t, friday) }, version: "1.2.3", instance: newInstance(), untilSignal: context.WithCancel,
	}
	code := p.main(t.Context(), []string{"init", "--index", w.indexAddress(), "--at", friday})
	state, err := sys.IoctlGetTermios(int(terminal.Fd()), sys.TCGETS)
	must(t, err)
	if state.Lflag&sys.ECHO == 0 || state.Lflag&sys.ICANON == 0 {
		t.Error("the terminal was left without echo")
	}
	fmt.Fprint(terminal, theEnd)
	text := <-shown
	must(t, terminal.Close())
	if code != exitDone {
		t.Fatalf("exit code %d:\n%s", code, text)
	}
	file, err := os.ReadFile("pinwheel.yaml")
	must(t, err)
	has(t, string(file), `- path: "constraints.txt"`, `- path: "requirements/dev.txt"`, `timezone: "UTC"`, `batch: "weekly"`)
	has(t, text, "written  pinwheel.yaml", "proposed ", "next     keep the token in PINWHEEL_GITLAB_TOKEN, then pinwheel run writes")
	for name, where := range map[string]string{"terminal": text, "file": string(file)} {
		if strings.Contains(where, token) {
			t.Errorf("the token shows in the %s", name)
		}
	}
	if strings.Contains(text, "NEVER ASKED") {
		t.Error(text)
	}
	if len(w.project.MRs()) != 1 {
		t.Error("nothing was proposed")
	}
}

// A person who leaves gets a sentence and the terminal back, and nothing is written.
func TestInitIsLeftAtATerminal(t *testing.T) {
	w := furnished(t)
	delete(w.env, "PINWHEEL_GITLAB_TOKEN")
	for name, answers := range map[string][]reply{
		"at a question":       {{"group/project: ", "\x04"}},
		"at the token":        {{"group/project: ", "group/project\n"}, {"gitlab.com]: ", w.gitlab.BaseURL() + "\n"}, {"(not shown): ", "\x03"}},
		"with an empty token": {{"group/project: ", "group/project\n"}, {"gitlab.com]: ", w.gitlab.BaseURL() + "\n"}, {"(not shown): ", "\r"}},
	} {
		t.Run(name, func(t *testing.T) {
			person, terminal := pseudoTerminal(t)
			defer person.Close()
			shown := converse(person, answers)
			p := &program{
				in: terminal, out: terminal, err: terminal, screen: true, env: func(k string) string { return w.env[k] },
				now: func() time.Time { return instant(t, friday) }, version: "1.2.3", instance: newInstance(), untilSignal: context.WithCancel,
			}
			code := p.main(t.Context(), []string{"init"})
			state, err := sys.IoctlGetTermios(int(terminal.Fd()), sys.TCGETS)
			must(t, err)
			fmt.Fprint(terminal, theEnd)
			text := <-shown
			must(t, terminal.Close())
			if code != exitUsage || state.Lflag&sys.ECHO == 0 {
				t.Errorf("exit code %d, echo %v", code, state.Lflag&sys.ECHO != 0)
			}
			has(t, text, "there was no answer")
			if _, err := os.Stat("pinwheel.yaml"); err == nil {
				t.Error("a configuration was written")
			}
		})
	}
}
