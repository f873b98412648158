package arch

import (
	"bytes"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

var update = flag.Bool("update", false, "write imports.txt")

const module = "gitlab.com/cki-project/pinwheel/"

// publish are the files of package dashboard that are an edge: this one and those
// whose names begin like it.
const publish = "dashboard/publish.go"

// imports holds the import paths by package, "dashboard/publish.go" by itself,
// as they stand in the files that are built.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}}{{range .GoFiles}}|{{.}}{{end}}`, "./...")
	cmd.Dir = testenv.Root(t)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, complaints.String())
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		parts := strings.Split(strings.TrimSpace(line), "|")
		pkg := strings.TrimPrefix(parts[0], module)
		all[pkg] = nil
		for _, name := range parts[1:] {
			key := pkg
			if strings.HasPrefix(pkg+"/"+name, strings.TrimSuffix(publish, ".go")) {
				key = publish
			}
			all[key] = append(all[key], importsOf(t, filepath.Join(cmd.Dir, pkg, name))...)
		}
	}
	for key := range all {
		slices.Sort(all[key])
		all[key] = slices.Compact(all[key])
	}
	return all
}

func importsOf(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// standard reports whether a path is of the standard library.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func TestImports(t *testing.T) {
	all := imports(t)
	var b strings.Builder
	for _, pkg := range slices.Sorted(maps.Keys(all)) {
		line := pkg + ":"
		for _, p := range all[pkg] {
			if !standard(p) {
				line += " " + strings.TrimPrefix(p, module)
			}
		}
		fmt.Fprintln(&b, line)
	}
	if *update {
		if err := os.WriteFile("imports.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	golden, err := os.ReadFile("imports.txt")
	if err != nil {
		t.Fatal(err)
	}
	was := slices.Collect(strings.Lines(string(golden)))
	is := slices.Collect(strings.Lines(b.String()))
	for _, l := range was {
		if !slices.Contains(is, l) {
			t.Errorf("imports.txt has -%s", l)
		}
	}
	for _, l := range is {
		if !slices.Contains(was, l) {
			t.Errorf("the code has    +%s", l)
		}
	}
	if t.Failed() {
		t.Log("if docs/design.md allows that: go test ./internal/check/arch -update")
	}
}

// The core is pure: it reads no file, no network and no database, and logs
// nothing.
func TestCoreIsPure(t *testing.T) {
	core := []string{"decide", "decide/bisect", "decide/solve", "bot", "comment", "plan", "constraints", "text", "dashboard", "python/pep440", "python/pep508", "python/dist", "python/metadata", "python/pyproject"}
	forbidden := []string{"net", "os", "database", "log"}
	pure := []string{"net/url"} // takes a string apart
	all := imports(t)
	for _, pkg := range core {
		if len(all[pkg]) == 0 {
			t.Errorf("there is no package %s", pkg)
		}
		for _, p := range all[pkg] {
			first, _, _ := strings.Cut(p, "/")
			if slices.Contains(forbidden, first) && !slices.Contains(pure, p) {
				t.Errorf("%s imports %s", pkg, p)
			}
		}
	}
}

// What others wrote is let in through few doors.
func TestDoors(t *testing.T) {
	doors := []struct {
		path string
		at   []string
	}{
		{"gitlab.com/gitlab-org/api/client-go", []string{"gitlab", "mrs", publish}},
		{"modernc.org/sqlite", []string{"store"}},
		{"github.com/jackc/pgx", []string{"store", "fleet", "internal/check/postgres"}},
		{"github.com/riverqueue/", []string{"fleet"}},
		{"github.com/robfig/cron", []string{"scheduler", "plan"}},
		{"github.com/Masterminds/semver", []string{"decide"}},
		{"github.com/spf13/", []string{"cmd/pinwheel"}},
		{"github.com/prometheus/", []string{"cmd/pinwheel"}},
		{module + "decide", []string{"cmd/pinwheel", "reconcile", "decide"}},
	}
	all := imports(t)
	for _, d := range doors {
		for pkg, paths := range all {
			for _, p := range paths {
				if strings.HasPrefix(p, d.path) && !slices.Contains(d.at, pkg) {
					t.Errorf("%s imports %s, which only %v may", pkg, p, d.at)
				}
			}
		}
	}
}

// floors are the rooms, from the top down; those on one line are siblings.
var floors = []string{
	"cmd/pinwheel tools/release",
	"internal/fake/demo",
	"web web/signin bot/cibot",
	"web/page fleet",
	"scheduler reconcile prepare deploy bot/round discover",
	"journal renovate store/storetest",
	"dashboard dashboard/publish.go mrs pypi config store releasenotes",
	"operation",
	"gitlab",
	"decide",
	"decide/bisect decide/solve",
	"bot",
	"plan",
	"constraints",
	"python/metadata python/pyproject python/dist",
	"python/pep508",
	"python/pep440",
	"text comment outage web/markdown internal/fake/gitlabsim internal/fake/pypisim",
}

// TestImportsGoDown: a room imports those below it alone. The fakes are servers:
// nothing but the demo and the command that starts it needs them.
func TestImportsGoDown(t *testing.T) {
	level := map[string]int{}
	for i, line := range floors {
		for room := range strings.FieldsSeq(line) {
			level[room] = i
		}
	}
	all := imports(t)
	for _, pkg := range slices.Sorted(maps.Keys(all)) {
		at, known := level[pkg]
		switch {
		case strings.HasPrefix(pkg, "internal/"):
			continue // whoever tests may use everything
		case !known:
			t.Errorf("%s has no place among the rooms", pkg)
		}
		for _, p := range all[pkg] {
			p, ours := strings.CutPrefix(p, module)
			if below, known := level[p]; ours && (!known || below <= at) {
				t.Errorf("%s imports %s, which is not below it", pkg, p)
			}
		}
	}
}

// Only package gitlab reads what client-go calls an error, or sends a request by
// hand: whoever else uses client-go names options and answers alone.
func TestOneDoorToGitLab(t *testing.T) {
	const client = "gitlab.com/gitlab-org/api/client-go"
	functions := []string{"Ptr", "WithContext", "NewPipelineInputValue"}
	fields := []string{"StatusCode", "NewRequest", "Do", "NextPage", "Header"}
	l := newLoad(t)
	seen := 0
	for _, name := range []string{"mrs", "dashboard", "reconcile"} {
		r := l.room(t, name)
		for id, o := range r.info.Uses {
			if o.Pkg() == nil || !strings.HasPrefix(o.Pkg().Path(), client) && o.Pkg().Path() != "net/http" {
				continue
			}
			seen++
			at := r.fset.Position(id.Pos())
			_, isFunc := o.(*types.Func)
			global := o.Parent() == o.Pkg().Scope()
			_, isVar := o.(*types.Var)
			_, isType := o.(*types.TypeName)
			switch {
			case global && isFunc && !slices.Contains(functions, o.Name()), global && isVar,
				isType && strings.Contains(o.Name(), "Error"), slices.Contains(fields, o.Name()) && o.Parent() == nil:
				t.Errorf("%s:%d: %s uses %s.%s, which is for package gitlab alone", filepath.Base(at.Filename), at.Line, name, o.Pkg().Name(), o.Name())
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d uses of client-go were looked at", seen)
	}
}

// TestNoBrowserDriver: what drives a browser is a module of its own, so that
// nobody who builds pinwheel downloads it.
func TestNoBrowserDriver(t *testing.T) {
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(testenv.Root(t), name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "chromedp") {
			t.Errorf("%s names a browser's driver, which belongs in internal/check/browser/go.mod", name)
		}
	}
}
