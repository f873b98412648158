package main

import (
	"strings"
	"testing"
)

const everyday = `# what the service runs on
-r base.txt
--extra-index-url https://pypi.example.com/simple/
-e .
-e git+https://git.example.com/g/tool.git@v1.2#egg=tool[cli]
git+https://git.example.com/g/lib.git@0123abc
./vendor/thing
https://files.example.com/other-1.0.tar.gz
rangy[all]>=1.0
alpha[fast,Slow_One]==1.0 \
    ; python_version >= "3.9"   # keep an eye on it
Beta [fast] == 1.0
gamma==1.0
`

const everydayReleases = `
alpha 1.0 2023-12-13 requires="gamma<2; extra == 'fast'"
alpha 1.1 2024-08-01 requires="gamma<2; extra == 'fast'"
beta 1.0 2023-12-13
beta 1.2 2024-08-01
gamma 1.0 2023-12-13
gamma 1.5 2024-07-01
gamma 2.0 2024-08-01
`

// Lines that only a requirements file may hold stay as they are; the pins beside them
// move, and the extras that they name count as used.
func TestARequirementsFileIsKnownByItsLines(t *testing.T) {
	w := newWorld(t)
	if err := w.index.Load(everydayReleases); err != nil {
		t.Fatal(err)
	}
	file := w.write("requirements.txt", everyday)
	code, out, said := w.configured("plan", "--file", file, "--at", saturday)
	w.want(code, exitDone, said)
	has(t, out, "3 pins, 0 current, 3 behind",
		"alpha[fast] 1.0 requires gamma<2", file+":4  not managed", "an editable project has no version to move",
		file+":6  not managed", "a URL is not a pin", file+":7  not managed", "a path is not a pin", file+":9  not managed")
	code, out, said = w.configured("update", "--file", file, "--at", saturday)
	w.want(code, exitDone, said)
	want := strings.NewReplacer("Slow_One]==1.0", "Slow_One]==1.1", "Beta [fast] == 1.0", "Beta [fast] == 1.2", "gamma==1.0", "gamma==1.5").Replace(everyday)
	if got := w.read("requirements.txt"); got != want {
		t.Errorf("got\n%s\n%s", got, out)
	}
	code, out, said = w.configured("verify", "--file", w.write("bad.txt", strings.Replace(everyday, "gamma==1.0", "gamma==2.0", 1)), "--at", saturday)
	w.want(code, exitFailed, said)
	has(t, out, "bad.txt:10: conflict: ", "requires gamma<2")
	code, out, said = w.configured("explain", "gamma", "--file", file, "--at", saturday)
	w.want(code, exitDone, said)
	has(t, out, "gamma<2")
}

// What pip refuses in any file is still refused, and a file that is named as one of
// constraints is held to what pip takes as such.
func TestARequirementsFileIsNotTakenForOneByMistake(t *testing.T) {
	w := newWorld(t)
	for name, tt := range map[string]struct {
		text        string
		says, never string
	}{
		"requirements.txt": {"-e .\nboto3=1.34.0\n", ":2: ", ":1: "},
		"constraints.txt":  {"boto3[crt]==1.34.0\n", "a constraint cannot have extras; write \"boto3==1.34.0\", or say kind: requirements of this file", ""},
		"other.txt":        {"boto3=1.34.0\n", ":1: ", "kind:"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, said := w.configured("plan", "--file", w.write(name, tt.text), "--at", saturday)
			w.want(code, exitStopped, said)
			has(t, said, tt.says)
			if tt.never != "" && strings.Contains(said, tt.never) {
				t.Errorf("%s%s", out, said)
			}
		})
	}
}
