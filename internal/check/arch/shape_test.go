package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// TestTheJudgementIsInParts: no type of the judgement has thirty methods, and no
// function of it or of the nouns more than four parameters. What is to come has to
// find its place in a phase, and not in one object that knows everything.
func TestTheJudgementIsInParts(t *testing.T) {
	const most, parameters = 29, 4
	root := testenv.Root(t)
	for _, room := range []string{"decide", "decide/solve", "plan"} {
		files, err := filepath.Glob(filepath.Join(root, room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		methods, functions := map[string]int{}, 0
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				functions++
				if n := fn.Type.Params.NumFields(); n > parameters {
					t.Errorf("%s: %s has %d parameters, want at most %d", room, fn.Name.Name, n, parameters)
				}
				if fn.Recv != nil {
					methods[receiverName(fn)]++
				}
			}
		}
		for name, n := range methods {
			if n > most {
				t.Errorf("%s.%s has %d methods, want at most %d", room, name, n, most)
			}
		}
		if functions < 50 {
			t.Errorf("only %d functions of %s were looked at", functions, room)
		}
	}
}

func receiverName(fn *ast.FuncDecl) string {
	t := fn.Recv.List[0].Type
	if p, ok := t.(*ast.StarExpr); ok {
		t = p.X
	}
	switch generic := t.(type) {
	case *ast.IndexExpr:
		t = generic.X
	case *ast.IndexListExpr:
		t = generic.X
	}
	return t.(*ast.Ident).Name
}
