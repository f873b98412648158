package arch

import (
	"go/ast"
	"go/types"
	"strings"
)

// foreign says why an expression may hold a stranger's text, "" if it cannot.
func (r *room) foreign(e ast.Expr) string {
	tv := r.info.Types[e]
	if tv.Value != nil || tv.Type != nil && !carries(tv.Type, 0) {
		return ""
	}
	switch e := e.(type) {
	case *ast.Ident:
		o := r.object(e)
		if why := r.dirty[o]; why != "" {
			return e.Name + " <- " + why
		}
		if r.outsider(tv.Type) {
			return e.Name
		}
	case *ast.SelectorExpr:
		return r.selected(e, tv.Type)
	case *ast.BinaryExpr:
		return r.any(e.X, e.Y)
	case *ast.CompositeLit:
		if _, isStruct := tv.Type.Underlying().(*types.Struct); !isStruct {
			return r.any(e.Elts...)
		}
	case *ast.KeyValueExpr:
		return r.any(e.Key, e.Value)
	case *ast.CallExpr:
		return r.called(e)
	case *ast.IndexExpr:
		return r.foreign(e.X)
	case *ast.SliceExpr:
		return r.foreign(e.X)
	case *ast.ParenExpr:
		return r.foreign(e.X)
	case *ast.StarExpr:
		return r.foreign(e.X)
	case *ast.UnaryExpr:
		return r.foreign(e.X)
	case *ast.TypeAssertExpr:
		return r.foreign(e.X)
	}
	return ""
}

func (r *room) any(all ...ast.Expr) string {
	for _, e := range all {
		if why := r.foreign(e); why != "" {
			return why
		}
	}
	return ""
}

// selected judges a field by itself: one of another package, or an exported
// one of this package that others fill, is foreign.
func (r *room) selected(e *ast.SelectorExpr, t types.Type) string {
	o := r.info.Uses[e.Sel]
	v, ok := o.(*types.Var)
	switch {
	case !ok:
		return ""
	case r.dirty[o] != "":
		return types.ExprString(e) + " <- " + r.dirty[o]
	case v.IsField() && (v.Pkg() != r.pkg || v.Exported()), r.outsider(t):
		owner := ""
		if s := r.info.Selections[e]; s != nil {
			owner = named(s.Recv())
		}
		if !safeFields[owner+"."+v.Name()] {
			return types.ExprString(e)
		}
	}
	return ""
}

func (r *room) called(e *ast.CallExpr) string {
	if r.info.Types[e.Fun].IsType() {
		return r.any(e.Args...)
	}
	o := r.callee(e)
	path := ""
	if o != nil && o.Pkg() != nil {
		path = o.Pkg().Path()
	}
	name := r.name(o)
	switch {
	case path == module+"text", path == "time", path == "strconv", sanitised[name]:
		return ""
	case readers[name]:
		return name
	case passing[name]:
		return r.any(e.Args...)
	case o != nil && r.bodies[o] != nil:
		if why := r.dirty[o]; why != "" {
			return o.Name() + "() <- " + why
		}
		return ""
	case o != nil && o.Name() == "String" && strings.HasSuffix(receiver(o), "strings.Builder"):
		return "" // what was written to it was looked at
	}
	if _, isVar := o.(*types.Var); isVar {
		return o.Name() + "(), which the caller chose"
	}
	all := e.Args
	if s, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr); ok && receiver(o) != "" {
		all = append([]ast.Expr{s.X}, all...)
	}
	if why := r.any(all...); why != "" {
		return why
	}
	if o != nil && o.Name() == "Error" {
		return types.ExprString(e)
	}
	return ""
}

func receiver(o types.Object) string {
	f, ok := o.(*types.Func)
	if !ok || f.Signature().Recv() == nil {
		return ""
	}
	return strings.TrimPrefix(f.Signature().Recv().Type().String(), "*")
}

// outsider reports whether a type is, or holds, a struct of another package of
// ours, or client-go's.
func (r *room) outsider(t types.Type) bool {
	switch t := t.(type) {
	case *types.Named:
		if _, isStruct := t.Underlying().(*types.Struct); !isStruct {
			return r.outsider(t.Underlying())
		}
		path := t.Obj().Pkg().Path()
		return t.Obj().Pkg() != r.pkg && (strings.HasPrefix(path, module) || strings.Contains(path, "client-go")) && carries(t, 0)
	case *types.Pointer:
		return r.outsider(t.Elem())
	case *types.Slice:
		return r.outsider(t.Elem())
	case *types.Map:
		return r.outsider(t.Elem())
	case *types.Alias:
		return r.outsider(types.Unalias(t))
	}
	return false
}

func named(t types.Type) string {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return n.Obj().Name()
	}
	return ""
}

// carries reports whether a value of a type can hold a stranger's text.
// Kinds, states and their like, which are strings of a type of their own, and
// times cannot.
func carries(t types.Type, depth int) bool {
	if t == nil || depth > 6 {
		return false
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		if _, isBasic := n.Underlying().(*types.Basic); isBasic || n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "time" {
			return false
		}
		return carries(n.Underlying(), depth+1)
	}
	switch t := t.(type) {
	case *types.Basic:
		return t.Info()&types.IsString != 0 || t.Kind() == types.Uint8
	case *types.Slice:
		return carries(t.Elem(), depth+1)
	case *types.Array:
		return carries(t.Elem(), depth+1)
	case *types.Pointer:
		return carries(t.Elem(), depth+1)
	case *types.Map:
		return carries(t.Key(), depth+1) || carries(t.Elem(), depth+1)
	case *types.Interface, *types.TypeParam:
		return true
	case *types.Struct:
		for f := range t.Fields() {
			if carries(f.Type(), depth+1) {
				return true
			}
		}
	case *types.Tuple:
		for v := range t.Variables() {
			if carries(v.Type(), depth+1) {
				return true
			}
		}
	case *types.Alias:
		return carries(types.Unalias(t), depth+1)
	}
	return false
}
