package bot

import (
	"cmp"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// View is what our comment shows.
type View struct {
	Username string // of the bot
	Policy   Policy
	Memory   Memory
	Other    bool // another program writes in the bot's name
	Flooded  bool // there are more comments than are read
}

// configured is a text of the configuration. It is not made harmless, since package config refuses
// what GitLab would obey.
func configured(s string) string { return s }

// Render is our comment on a merge request. Its first line is hidden and has the memory. The text
// changes when something happens, never because time passes.
func Render(v View) string {
	var b strings.Builder
	b.WriteString(encode(v.Memory) + "\n")
	if v.Policy.Welcome != "" {
		b.WriteString(configured(v.Policy.Welcome) + "\n\n")
	}
	name := "@" + v.Username
	fmt.Fprintf(&b, "To test this change in the pipelines that use it, write a comment with the line %s or %s. The test takes the commit that you see now. After `test` you may write names of pipelines",
		text.Code(name+" test"), text.Code("/"+slash))
	if len(v.Policy.Allow) > 0 {
		b.WriteString(", `key=value`")
	}
	fmt.Fprintf(&b, ", `@` with the beginning of another commit, and `with project!12` for another merge request that belongs to this one. `retry`, `cancel`, `status` and `help` work alike: %s or %s.",
		text.Code(name+" cancel"), text.Code("/"+slash+" cancel"))
	fmt.Fprintf(&b, " You need the role %s or a higher one in the project", v.Policy.Role)
	if v.Policy.ForkRole != v.Policy.Role {
		fmt.Fprintf(&b, ", and %s or higher where the merge request comes from a fork", v.Policy.ForkRole)
	}
	b.WriteString(". After a push, ask again.\n")
	if v.Other {
		fmt.Fprintf(&b, "\n**Another program writes comments as %s here, and may answer the same words:** switch it off for this project.\n", text.Code(v.Username))
	}
	if v.Flooded {
		b.WriteString("\n**There are more than 3,000 comments here, so what they ask for is not read:** go on in a new merge request, or delete comments. Tests that are under way go on.\n")
	}
	pipelineTable(&b, v.Policy)
	testTable(&b, v.Memory.Tests)
	answers(&b, v.Memory.Answers)
	return strings.TrimRight(b.String(), "\n")
}

// second is what becomes of a further comment of ours. It has no memory.
const second = "<!-- pinwheel:bot-second -->\nThe bot answers in its first comment on this merge request."

// pipelineTable lists the pipelines that people can ask for.
func pipelineTable(b *strings.Builder, p Policy) {
	b.WriteString("\n| Pipeline | What it is |\n|---|---|\n")
	for _, one := range p.Pipelines {
		says := text.Cell(one.Description, 300)
		for _, name := range p.Default {
			if name == one.Name {
				says = strings.TrimSpace(says + " (runs if you name none)")
			}
		}
		fmt.Fprintf(b, "| %s | %s |\n", text.CodeCell(one.Name), says)
	}
	if len(p.Allow) > 0 {
		var names []string
		for _, name := range p.Allow {
			names = append(names, text.Code(name))
		}
		b.WriteString("\nA comment may set " + strings.Join(names, ", ") + ".\n")
	}
}

// mostCells is up to how many jobs a cell names.
const mostCells = 3

// testTable lists the tests, the newest last.
func testTable(b *strings.Builder, tests []Entry) {
	if len(tests) == 0 {
		return
	}
	b.WriteString("\n| Asked for by | Pipeline | Commit | State | Jobs that failed | Link |\n|---|---|---|---|---|---|\n")
	for _, e := range tests {
		link := ""
		if e.URL != "" {
			link = text.Link("pipeline", e.URL)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", text.CodeCell(e.By), text.CodeCell(e.Pipeline), commitCell(e), stateCell(e), jobCells(e.Jobs), link)
	}
	for _, e := range tests {
		if e.Why != "" {
			fmt.Fprintf(b, "\n%s for %s: %s.\n", text.Code(e.Pipeline), text.Code(e.By), text.Prose(e.Why, 1000))
		}
	}
}

// commitCell is what a test runs with.
func commitCell(e Entry) string {
	parts := []string{text.CodeCell(short(e.Commit))}
	if len(e.With) > 0 {
		parts = append(parts, "with")
	}
	for _, w := range e.With {
		parts = append(parts, text.CodeCell(w))
	}
	return strings.Join(parts, " ")
}

func stateCell(e Entry) string {
	if e.State.ended() && !e.Ended.IsZero() {
		return string(e.State) + ", " + e.Ended.UTC().Format("2006-01-02")
	}
	return string(e.State)
}

// jobCells names the jobs that failed, and how each ended without the override.
func jobCells(jobs []Job) string {
	var out []string
	for i, j := range jobs {
		if i == mostCells {
			out = append(out, fmt.Sprintf("%d more", len(jobs)-i))
			break
		}
		out = append(out, text.CodeCell(j.Name)+" "+without(j.Without))
	}
	return strings.Join(out, ", ")
}

func without(r plan.Result) string {
	says := map[plan.Result]string{plan.Passed: "(passes without this change)", plan.Failed: "(fails without this change, too)"}
	return cmp.Or(says[r], "(no result without this change)")
}

// answers lists the answers to commands.
func answers(b *strings.Builder, all []Answer) {
	if len(all) == 0 {
		return
	}
	b.WriteString("\n")
	for _, a := range all {
		fmt.Fprintf(b, "- %s, %s: %s.\n", text.Code(a.By), a.At.UTC().Format("2006-01-02 15:04 UTC"), text.Prose(a.Text, 500))
	}
}
