package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// judging are the rooms that conclude something from facts and the instant of a
// run, with the functions that may have the time itself and why: what they do with
// it is no part of what is concluded.
var judging = map[string]map[string]string{
	"decide":    {},
	"dashboard": {},
	"reconcile": {
		"once":        "a lease is judged by the clock",
		"free":        "a budget is asked for anew by every run",
		"carryOut":    "a budget is asked for anew by every run",
		"gateNews":    "how far back a list is read is asked anew by every run",
		"newObserver": "decide makes an instant of it, which the run takes over",
		"isFresh":     "what is asked for is decided anew by every run",
		"recorded":    "a budget is asked for anew by every run",
		"counts":      "a record says between which instants it counts",
		"record":      "a record says between which instants it counts",
		"unchanged":   "a row holds when a run ended",
		"whole":       "a row holds when a run ended",
		"endTogether": "a row holds when a run ended",
		"goOn":        "a row holds when a run ended, and a lease is judged by the clock",

		"beginTogether": "a lease is judged by the clock",
		"Quietly":       "how long runs keep others is by the clock",
		"askInTurn":     "how long runs keep others is by the clock",

		"conditions":  "what is asked for is decided anew by every run",
		"take":        "until when an answer may be used is asked anew by every run",
		"settle":      "a row holds when it was read",
		"remember":    "a row holds how far lists were read",
		"report":      "a row holds which windows were not missed",
		"look":        "every run asks anew whether a look vouches",
		"List":        "which dashboards there are is listed anew every hour",
		"askForNotes": "a time-out is by the clock",
		"notesOf":     "a row holds when it was read",
		"Unchanged":   "every run asks anew whether a look vouches",
	},
}

// What is concluded from the time goes through plan.Instant, which knows until when
// it holds: a comparison beside it would be forgotten there, and a run that ends
// early because nothing changed would not see that time has passed.
func TestTimeIsComparedInOnePlace(t *testing.T) {
	for room, may := range judging {
		files, err := filepath.Glob(filepath.Join(testenv.Root(t), room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", room, len(files), err)
		}
		used := map[string]bool{}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for name, at := range bareTimes(file) {
				if may[name] == "" {
					t.Errorf("%s: %s has the time itself: ask plan.Instant", fset.Position(at), name)
				}
				used[name] = true
			}
		}
		for name := range may {
			if !used[name] {
				t.Errorf("%s: %s does not have the time any more", room, name)
			}
		}
	}
}

// bareTimes are the functions of a file that have the time itself, and where: a
// field Now that does not go into an instant at once, time.Now, the instant's
// Asking, and whatever is done with a variable named now.
func bareTimes(file *ast.File) map[string]token.Pos {
	out := map[string]token.Pos{}
	for _, d := range file.Decls {
		name := "a declaration"
		if fn, ok := d.(*ast.FuncDecl); ok {
			name = fn.Name.Name
		}
		found := func(n ast.Node) {
			if _, known := out[name]; !known {
				out[name] = n.Pos()
			}
		}
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				f, ok := n.Fun.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if (f.Sel.Name == "At" || f.Sel.Name == "Is") && !slices.ContainsFunc(n.Args, isCall) {
					return false // into an instant
				}
				if f.Sel.Name == "Asking" || f.Sel.Name == "Now" {
					found(n)
				}
				if slices.Contains([]string{"Before", "After", "Equal", "Compare", "Sub"}, f.Sel.Name) && (isNow(f.X) || slices.ContainsFunc(n.Args, isNow)) {
					found(n)
				}
			case *ast.SelectorExpr:
				if n.Sel.Name == "Now" {
					found(n)
				}
			}
			return true
		})
	}
	return out
}

func isCall(e ast.Expr) bool {
	_, ok := e.(*ast.CallExpr)
	return ok
}

func isNow(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "now"
}

// The test sees what it is there for.
func TestABareTimeIsFound(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x
func field(s S) bool { return s.Now.Before(t) }
func clock() bool { return time.Now().Before(t) }
func variable(now time.Time) bool { return t.After(now) }
func question(i *plan.Instant) time.Time { return i.Asking() }
func forgetting(i *plan.Instant) *plan.Instant { return plan.At(i.Asking()) }
func good(s S) bool { return plan.At(s.Now).Passed(t) }
func passing(now time.Time) S { return S{Now: now} }
`, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := bareTimes(file)
	for _, name := range []string{"field", "clock", "variable", "question", "forgetting"} {
		if _, ok := found[name]; !ok {
			t.Errorf("%s is not found", name)
		}
	}
	if len(found) != 5 {
		t.Errorf("found %v", found)
	}
}
