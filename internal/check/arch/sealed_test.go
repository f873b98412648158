package arch

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// switchers are the rooms that take actions apart.
var switchers = []string{"mrs", "reconcile"}

// A switch over a sealed set names every member, so that a new one is not passed
// over in silence.
func TestSwitchesOverSealedSetsAreWhole(t *testing.T) {
	l, seen := newLoad(t), 0
	for _, name := range switchers {
		faults, n := l.room(t, name).sealedSwitches()
		seen += n
		for _, f := range faults {
			t.Errorf("%s: %s", name, f)
		}
	}
	if seen < 2 {
		t.Errorf("%d switches over sealed sets were found, so the test sees nothing", seen)
	}
}

// The test sees what it is there for.
func TestAMissingCaseIsFound(t *testing.T) {
	r := newLoad(t).check(t, module+"sealed", map[string]any{"sealed.go": `package sealed

type Shape interface{ shape() }

type Round struct{}
type Square struct{}

func (Round) shape()   {}
func (*Square) shape() {}

func half(s Shape) { switch s.(type) { case Round: default: } }
func whole(s Shape) { switch s := s.(type) { case Round, *Square: _ = s } }
func open(s any) { switch s.(type) { case Round: } }
`})
	faults, n := r.sealedSwitches()
	if n != 2 || len(faults) != 1 || !strings.Contains(faults[0], "sealed.Shape lacks *Square") {
		t.Errorf("%d switches, faults %q", n, faults)
	}
}

// sealedSwitches are the type switches over sealed interfaces that lack a member,
// and how many such switches there are.
func (r *room) sealedSwitches() (faults []string, n int) {
	for _, f := range r.files {
		ast.Inspect(f, func(node ast.Node) bool {
			s, ok := node.(*ast.TypeSwitchStmt)
			if !ok {
				return true
			}
			sealed := sealedSet(r.info.TypeOf(switched(s)))
			if sealed == nil {
				return true
			}
			n++
			var named []types.Type
			for _, c := range s.Body.List {
				for _, e := range c.(*ast.CaseClause).List {
					named = append(named, r.info.TypeOf(e))
				}
			}
			for _, member := range members(sealed) {
				if !slices.ContainsFunc(named, func(t types.Type) bool { return types.Identical(t, member) }) {
					faults = append(faults, r.fset.Position(s.Pos()).String()+": a switch over "+types.TypeString(sealed, (*types.Package).Name)+
						" lacks "+types.TypeString(member, func(*types.Package) string { return "" }))
				}
			}
			return true
		})
	}
	return faults, n
}

// switched is what a type switch looks at.
func switched(s *ast.TypeSwitchStmt) ast.Expr {
	var x ast.Expr
	switch a := s.Assign.(type) {
	case *ast.AssignStmt:
		x = a.Rhs[0]
	case *ast.ExprStmt:
		x = a.X
	}
	return x.(*ast.TypeAssertExpr).X
}

// sealedSet is t where it is an interface of this module that only its own package
// can implement, else nil.
func sealedSet(t types.Type) *types.Named {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || !strings.HasPrefix(named.Obj().Pkg().Path(), module) {
		return nil
	}
	i, ok := named.Underlying().(*types.Interface)
	if !ok {
		return nil
	}
	for m := range i.Methods() {
		if !m.Exported() {
			return named
		}
	}
	return nil
}

// members are the types of a sealed set, by name.
func members(sealed *types.Named) []types.Type {
	var out []types.Type
	scope, i := sealed.Obj().Pkg().Scope(), sealed.Underlying().(*types.Interface)
	for _, name := range scope.Names() {
		tn, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || tn.IsAlias() || types.IsInterface(tn.Type()) {
			continue
		}
		for _, t := range []types.Type{tn.Type(), types.NewPointer(tn.Type())} {
			if types.Implements(t, i) {
				out = append(out, t)
				break
			}
		}
	}
	return out
}
