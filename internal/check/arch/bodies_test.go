package arch

import (
	"bytes"
	"encoding/json"
	"errors"

	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// rooms are the packages that write to GitLab or make the texts for it, with the
// least number of places where text comes into a body.
var rooms = map[string]int{"bot": 10, "bot/round": 1, "dashboard": 10, "gitlab": 2, "mrs": 10}

// listed is what go list tells of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// load type-checks packages from their source, with the compiler's own export
// data for what they import, which is read once for all tests.
type load struct {
	fset     *token.FileSet
	exports  map[string]string
	dirs     map[string]listed
	importer types.Importer
}

var loaded struct {
	sync.Once
	load *load
}

func newLoad(t *testing.T) *load {
	t.Helper()
	loaded.Do(func() { loaded.load = listAll(t) })
	if loaded.load == nil {
		t.Fatal("the packages could not be listed")
	}
	return loaded.load
}

func listAll(t *testing.T) *load {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles"}
	for _, r := range append([]string{"reconcile"}, slices.Sorted(maps.Keys(rooms))...) {
		args = append(args, "./"+r)
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = testenv.Root(t)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, complaints.String())
	}
	l := &load{fset: token.NewFileSet(), exports: map[string]string{}, dirs: map[string]listed{}}
	l.importer = importer.ForCompiler(l.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(l.exports[path]) })
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return l
		} else if err != nil {
			t.Fatal(err)
		}
		l.exports[p.ImportPath], l.dirs[p.ImportPath] = p.Export, p
	}
}

// check type-checks source files, named or given, as one package.
func (l *load) check(t *testing.T, path string, sources map[string]any) *room {
	t.Helper()
	r := &room{fset: l.fset, info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}}, dirty: map[types.Object]string{}, bodies: map[types.Object]*ast.FuncType{}}
	for name, src := range sources {
		f, err := parser.ParseFile(l.fset, name, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		r.files = append(r.files, f)
	}
	slices.SortFunc(r.files, func(a, b *ast.File) int {
		return strings.Compare(l.fset.File(a.Pos()).Name(), l.fset.File(b.Pos()).Name())
	})
	conf := types.Config{Importer: l.importer}
	var err error
	if r.pkg, err = conf.Check(path, l.fset, r.files, r.info); err != nil {
		t.Fatal(err)
	}
	return r
}

func (l *load) room(t *testing.T, name string) *room {
	t.Helper()
	p := l.dirs[module+name]
	sources := map[string]any{}
	for _, f := range p.GoFiles {
		sources[filepath.Join(p.Dir, f)] = nil
	}
	return l.check(t, p.ImportPath, sources)
}

// No text comes into a body but through package text, or as a constant, a
// number, a kind, a state or a date.
func TestBodiesAreMadeOfSafeTexts(t *testing.T) {
	l := newLoad(t)
	unused := maps.Clone(allowed)
	for name, least := range rooms {
		r := l.room(t, name)
		complaints, sinks := r.judge()
		for _, c := range complaints {
			t.Errorf("%s: %s", name, c)
		}
		if sinks < least {
			t.Errorf("%s: only %d places were looked at, so the test sees nothing", name, sinks)
		}
		t.Logf("%s: %d places where text comes into a body", name, sinks)
		for _, key := range r.used {
			delete(unused, key)
		}
	}
	for key := range unused {
		t.Errorf("%s is allowed and not there", key)
	}
}

// Comments on the dashboard are ours to the letter: constants and numbers.
func TestCommentsAreConstants(t *testing.T) {
	r := newLoad(t).room(t, "reconcile")
	seen := 0
	for _, f := range r.files {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || r.name(r.callee(call)) != "dashboard.Comment" {
				return true
			}
			seen++
			texts := 0
			comment, _ := call.Args[len(call.Args)-1].(*ast.CompositeLit)
			for _, e := range elements(comment) {
				if field, ok := e.Key.(*ast.Ident); !ok || field.Name != "Op" && field.Name != "Body" {
					continue
				}
				texts++
				if why := r.foreign(e.Value); why != "" {
					t.Errorf("%s: a comment holds %s", r.fset.Position(e.Pos()), why)
				}
			}
			if texts != 2 {
				t.Errorf("%s: a comment is not written with its Op and its Body", r.fset.Position(call.Pos()))
			}
			return true
		})
	}
	if seen == 0 {
		t.Error("no comment was looked at")
	}
}

// elements are the fields that a literal gives by name; none of nil.
func elements(lit *ast.CompositeLit) []*ast.KeyValueExpr {
	if lit == nil {
		return nil
	}
	var out []*ast.KeyValueExpr
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			out = append(out, kv)
		}
	}
	return out
}

// The check can fail: each of these is one door left open.
func TestOpenDoorsAreFound(t *testing.T) {
	l := newLoad(t)
	const head = `package dashboard
import ("fmt"; "strings"; "gitlab.com/cki-project/pinwheel/plan"; "gitlab.com/cki-project/pinwheel/text"; "gitlab.com/cki-project/pinwheel/gitlab"; api "gitlab.com/gitlab-org/api/client-go/v2")
var _ = fmt.Sprint; var _ = strings.Join; var _ = text.Code; var _ api.Note; var _ gitlab.Note; var _ plan.Plan
`
	for _, tt := range []struct {
		name, src string
		want      int
	}{
		{"constants and numbers", `func Render(p plan.Plan) string { var b strings.Builder; b.WriteString("a"); fmt.Fprintf(&b, "%d %s", p.Pins, text.Code(p.Notes[0])); return b.String() }`, 0},
		{"a kind", `func Render(u plan.Update) string { return "x" + string(u.Kind) + u.Released.Format("2006") }`, 0},
		{"through a local function", `func clean(s string) string { return text.Inline(s, 9) }; func Render(u plan.Update) string { x := clean(u.Title); return x }`, 0},
		{"a field as it is", `func Render(u plan.Update) string { return "x" + u.Title }`, 1},
		{"formatted", `func Render(u plan.Update) string { return fmt.Sprintf("%s", u.Title) }`, 1},
		{"a whole value formatted", `func Render(u plan.Update) string { return fmt.Sprint(u.Moves) }`, 1},
		{"a builder", `func Render(p plan.Plan) string { var b strings.Builder; b.WriteString(p.Notes[0]); return b.String() }`, 1},
		{"a byte at a time", `func Render(p plan.Plan) string { var b strings.Builder; b.WriteByte(p.Notes[0][0]); return b.String() }`, 1},
		{"printed", `func Render(p plan.Plan) string { var b strings.Builder; fmt.Fprintln(&b, p.Notes); return b.String() }`, 1},
		{"through a local", `func Render(u plan.Update) string { x := text.Code("a"); if u.MR > 1 { x = u.Reason }; return x }`, 1},
		{"through a parameter", `func add(s string) string { return s }; func Render(u plan.Update) string { return add(u.Reason) }`, 1},
		{"through a struct", `type row struct{ s string }; func Render(u plan.Update) string { r := row{s: u.Reason}; return r.s }`, 1},
		{"through a struct without names", `type row struct{ s string }; func Render(u plan.Update) string { r := row{u.Reason}; return r.s }`, 1},
		{"through a slice", `func Render(u plan.Update) string { var all []string; all = append(all, u.Reason); return strings.Join(all, "") }`, 1},
		{"through a range", `func Render(u plan.Update) string { s := ""; for _, m := range u.Moves { s += m.Name }; return s }`, 1},
		{"through a closure", `func Render(u plan.Update) string { f := func(s string) string { return s }; return f(u.Reason) }`, 1},
		{"from a function passed in", `func Render(u plan.Update, f func() string) string { return "x" + f() }`, 1},
		{"two results", `func Render(u plan.Update) string { a, _, _ := strings.Cut(u.Reason, " "); return a }`, 1},
		{"an option", `func post(u plan.Update) *api.CreateIssueOptions { return &api.CreateIssueOptions{Title: &u.Title} }`, 1},
		{"an option set later", `func post(u plan.Update) *api.UpdateIssueOptions { var o api.UpdateIssueOptions; o.Description = new(u.Title); return &o }`, 1},
		{"a note", `func post(u plan.Update) *api.CreateIssueNoteOptions { b := "x" + u.Reason; return &api.CreateIssueNoteOptions{Body: api.Ptr(b)} }`, 1},
		{"a note that stands once", `func post(u plan.Update) gitlab.OnceNote { return gitlab.OnceNote{Mark: "m", Markdown: "x" + u.Reason} }`, 1},
	} {
		r := l.check(t, module+"dashboard", map[string]any{tt.name + ".go": head + tt.src})
		if got, _ := r.judge(); len(got) != tt.want {
			t.Errorf("%s: found %d, want %d: %s", tt.name, len(got), tt.want, strings.Join(got, "; "))
		}
	}
}
