package main

import (
	"fmt"
	"strings"
	"testing"
)

const tied = `
botocore 1.34.39 2024-02-09 requires="urllib3<2.1" requires="jmespath>=0.7"
urllib3 2.0.7 2023-10-17
urllib3 2.2.1 2024-02-18
old 1.0 2020-01-01 py<3
gone 1.0 2020-01-01 yanked="lost a file"
jmespath 1.0.1 2022-06-17
`

func TestVerify(t *testing.T) {
	w := newWorld(t)
	w.env = nil
	if err := w.index.Load(tied); err != nil {
		t.Fatal(err)
	}
	file := w.write("constraints.txt", "botocore==1.34.39\nurllib3==2.2.1\nold==1.0\ngone==1.0\n")
	config := strings.Replace(w.read("pinwheel.yaml"), "timezone: Europe/Prague", `timezone: Europe/Prague, python: ["3.11", "3.12"]`, 1)
	w.write("pinwheel.yaml", config)
	code, out, complaints := w.configured("verify", "--file", file)
	w.want(code, exitFailed, complaints)
	has(t, out,
		file+":1: conflict: botocore 1.34.39 requires urllib3<2.1; urllib3 is pinned at 2.2.1",
		"old 1.0 requires Python <3", "gone 1.0 is yanked", "jmespath has no pin",
		"4 pins, 1 conflict, 3 other findings; checked pin against pin only")
	if strings.Count(out, "conflict: ") != 1 {
		t.Errorf("the conflict is said more than once:\n%s", out)
	}

	file = w.write("clean.txt", "botocore==1.34.39\nurllib3==2.0.7\njmespath==1.0.1\n")
	code, out, complaints = w.configured("verify", "--file", file, "--roots", "botocore>=1.34", "--roots", "urllib3")
	w.want(code, exitDone, complaints)
	has(t, out, "3 pins, 0 conflicts, 0 other findings; checked with 2 roots")
	code, out, complaints = w.configured("verify", "--file", file, "--roots", "botocore>=1.35")
	w.want(code, exitFailed, complaints)
	has(t, out, "the roots ask for botocore>=1.35; botocore is pinned at 1.34.39")
	code, _, complaints = w.configured("verify", "--file", file, "--roots", "==")
	w.want(code, exitUsage, complaints)
}

// Sixty releases whose metadata cannot be read are no conflict and no good news,
// neither in the first run nor in those that know what the first one read.
func TestVerifyDoesNotTakeASpentBudgetForGoodNews(t *testing.T) {
	w := newWorld(t)
	w.env = nil
	world := "a 1.0 2020-01-01 requires=\"bad60>=1\" requires=\"bad5>=1\"\n"
	for _, n := range []int{5, 60} {
		for v := range n {
			world += fmt.Sprintf("bad%d 1.%d 2020-01-01 metadata=broken\n", n, v)
		}
	}
	if err := w.index.Load(world); err != nil {
		t.Fatal(err)
	}
	file := w.write("constraints.txt", "a==1.0\n")
	for range 3 {
		code, out, complaints := w.configured("verify", "--file", file)
		w.want(code, exitFailed, complaints)
		has(t, out,
			file+":1: not-checked: a 1.0 requires bad60>=1, and the newest 32 releases of bad60 have metadata that is refused",
			file+":1: conflict: a 1.0 requires bad5>=1", "1 pin, 1 conflict")
	}
}
