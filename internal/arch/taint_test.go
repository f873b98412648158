package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
)

// room is one package whose texts are followed from where they are foreign to
// where they enter a body. Functions are summed up as a whole, without regard
// to the order of statements: what is once foreign stays so.
type room struct {
	fset   *token.FileSet
	info   *types.Info
	files  []*ast.File
	pkg    *types.Package
	dirty  map[types.Object]string // variables, fields and functions, with the reason
	bodies map[types.Object]*ast.FuncType

	complaints []string
	sinks      int
	used       []string // keys of allowed
	final      bool
}

// sanitised make anything safe. They have tests of their own.
var sanitised = map[string]bool{"mrs.escape": true, "dashboard.markable": true}

// readers take texts of GitLab apart; what they build goes into no body, and
// counts as foreign.
var readers = map[string]bool{"mrs.unescape": true, "dashboard.unescape": true}

// passing give back what they were given, with less of it.
var passing = map[string]bool{"dashboard.Normalise": true, "dashboard.KeepTicks": true, "mrs.oneLine": true}

// allowed are the foreign texts that enter as they are, by function and
// expression, with the reason.
var allowed = map[string]string{
	"dashboard.Create: &title":                                  "the operator's configuration",
	"dashboard.Create: new(Normalise(body))":                    "made by Render",
	"dashboard.Write: &body":                                    "made by Render",
	"dashboard.Comment: new(Normalise(body) + \"\\n\" + mark)":  "constants and numbers of package reconcile, see TestCommentsAreConstants",
	"mrs.postMergeRequest: gitlab.Ptr(oneLine(a.Update.Title))": "made by package plan of a name and a version",
	"mrs.editMergeRequest: &title":                              "made by package plan, or a person's own prefix before it",
	"mrs.editMergeRequest: &next":                               "what people wrote around our region stays",
	"mrs.closeMergeRequest: &marked":                            "what people wrote around our region stays",
	"mrs.postCommit: &a.Message":                                "made by package plan of names, versions and escaped words",
}

// safeFields are the foreign strings that no third party writes.
var safeFields = map[string]bool{"Row.Heading": true, "Row.Bulk": true}

// judge follows texts until nothing new is foreign and then looks at every
// place where one enters a body.
func (r *room) judge() (complaints []string, sinks int) {
	for _, f := range r.files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				r.declare(n)
			case *ast.AssignStmt:
				for i, rhs := range n.Rhs {
					if lit, ok := rhs.(*ast.FuncLit); ok && i < len(n.Lhs) {
						r.bodies[r.object(n.Lhs[i])] = lit.Type
					}
				}
			}
			return true
		})
	}
	for before := -1; before < len(r.dirty); {
		before = len(r.dirty)
		r.walk()
	}
	r.final = true
	r.walk()
	slices.Sort(r.complaints)
	return slices.Compact(r.complaints), r.sinks
}

// declare notes a function; the parameters of an exported one are foreign.
func (r *room) declare(f *ast.FuncDecl) {
	o := r.info.Defs[f.Name]
	r.bodies[o] = f.Type
	if !f.Name.IsExported() || passing[r.name(o)] {
		return
	}
	for _, p := range f.Type.Params.List {
		for _, id := range p.Names {
			if carries(r.info.Defs[id].Type(), 0) {
				r.dirty[r.info.Defs[id]] = "parameter " + id.Name + " of " + f.Name.Name
			}
		}
	}
}

func (r *room) name(o types.Object) string {
	if o == nil || o.Pkg() == nil {
		return ""
	}
	return o.Pkg().Name() + "." + o.Name()
}

func (r *room) walk() {
	for _, f := range r.files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				r.visit(d, "", nil)
			} else if fn.Body != nil {
				r.visit(fn.Body, r.name(r.info.Defs[fn.Name]), r.info.Defs[fn.Name])
			}
		}
	}
}

// visit looks at one function's statements. result is the object that stands
// for what it returns.
func (r *room) visit(root ast.Node, fn string, result types.Object) {
	lits := map[*ast.FuncLit]types.Object{}
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			if n != root {
				r.visit(n.Body, fn, lits[n])
				return false
			}
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				rhs := n.Rhs[min(i, len(n.Rhs)-1)]
				if lit, ok := rhs.(*ast.FuncLit); ok {
					lits[lit] = r.object(lhs)
				}
				r.flow(lhs, rhs, fn)
			}
		case *ast.ValueSpec:
			for i, id := range n.Names {
				if len(n.Values) > 0 {
					r.flow(id, n.Values[min(i, len(n.Values)-1)], fn)
				}
			}
		case *ast.RangeStmt:
			if n.Value != nil {
				r.flow(n.Value, n.X, fn)
			}
		case *ast.CompositeLit:
			r.composite(n, fn)
		case *ast.ReturnStmt:
			for _, e := range n.Results {
				r.mark(result, r.foreign(e))
				if last := fn[strings.LastIndexByte(fn, '.')+1:]; result != nil && (last == "Render" || last == "Body") && result.Name() == last {
					r.sink(e, e, fn)
				}
			}
		case *ast.CallExpr:
			r.call(n, fn)
		}
		return true
	})
}

func (r *room) mark(o types.Object, why string) {
	if o != nil && why != "" && r.dirty[o] == "" && carries(typeOf(o), 0) {
		r.dirty[o] = why
	}
}

// typeOf is an object's type, a function's results instead of its own.
func typeOf(o types.Object) types.Type {
	if s, ok := o.Type().(*types.Signature); ok {
		return s.Results()
	}
	return o.Type()
}

// object is what an expression on the left stands for.
func (r *room) object(e ast.Expr) types.Object {
	switch e := e.(type) {
	case *ast.Ident:
		if o := r.info.Defs[e]; o != nil {
			return o
		}
		return r.info.Uses[e]
	case *ast.SelectorExpr:
		return r.info.Uses[e.Sel]
	case *ast.IndexExpr:
		return r.object(e.X)
	case *ast.StarExpr:
		return r.object(e.X)
	}
	return nil
}

func (r *room) flow(lhs, rhs ast.Expr, fn string) {
	o := r.object(lhs)
	if o != nil && option(o) {
		r.sink(rhs, rhs, fn)
		return
	}
	r.mark(o, r.foreign(rhs))
}

// option reports whether an object is a field of client-go's that becomes text
// on GitLab.
func option(o types.Object) bool {
	v, ok := o.(*types.Var)
	return ok && v.IsField() && v.Pkg() != nil && strings.Contains(v.Pkg().Path(), "client-go") &&
		slices.Contains([]string{"Description", "Body", "Title", "CommitMessage", "Note", "Message", "MergeCommitMessage", "SquashCommitMessage"}, v.Name())
}

// composite follows the fields of a struct that is written down.
func (r *room) composite(n *ast.CompositeLit, fn string) {
	s, ok := r.info.Types[n].Type.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, e := range n.Elts {
		value, field := e, types.Object(nil)
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			value, field = kv.Value, r.info.Uses[kv.Key.(*ast.Ident)]
		} else {
			field = s.Field(i)
		}
		if option(field) {
			r.sink(value, value, fn)
		} else {
			r.mark(field, r.foreign(value))
		}
	}
}

// call gives arguments to parameters, and knows the calls that write.
func (r *room) call(n *ast.CallExpr, fn string) {
	o := r.callee(n)
	if o == nil {
		return
	}
	if body := r.bodies[o]; body != nil {
		i := 0
		for _, p := range body.Params.List {
			_, variadic := p.Type.(*ast.Ellipsis)
			for _, id := range p.Names {
				for k := i; k < len(n.Args) && (k == i || variadic); k++ {
					r.mark(r.info.Defs[id], r.foreign(n.Args[k]))
				}
				i++
			}
		}
	}
	switch name := r.name(o); {
	case readers[fn] || sanitised[fn]:
	case o.Name() == "WriteString" || strings.HasPrefix(name, "fmt.Fprint"):
		for _, a := range n.Args {
			if !strings.HasPrefix(name, "fmt.") || a != n.Args[0] {
				r.sink(a, a, fn)
			}
		}
	case o.Name() == "WriteByte" || o.Name() == "WriteRune":
		if r.info.Types[n.Args[0]].Value == nil {
			r.complain(n, fn, types.ExprString(n.Args[0])+", a single character")
		}
	}
}

func (r *room) callee(n *ast.CallExpr) types.Object {
	fun := ast.Unparen(n.Fun)
	if x, ok := fun.(*ast.IndexExpr); ok {
		fun = x.X // an instance of a generic function
	}
	switch fun := fun.(type) {
	case *ast.Ident:
		return r.info.Uses[fun]
	case *ast.SelectorExpr:
		return r.info.Uses[fun.Sel]
	}
	return nil
}

func (r *room) sink(at ast.Node, e ast.Expr, fn string) {
	if r.final {
		r.sinks++
		why, key := r.foreign(e), fn+": "+types.ExprString(e)
		switch {
		case why != "" && allowed[key] != "":
			r.used = append(r.used, key)
		case why != "":
			r.complain(at, fn, types.ExprString(e)+", by "+why)
		}
	}
}

func (r *room) complain(at ast.Node, fn, what string) {
	if r.final {
		p := r.fset.Position(at.Pos())
		r.complaints = append(r.complaints, fmt.Sprintf("%s:%d: %s lets in %s", filepath.Base(p.Filename), p.Line, fn, what))
	}
}

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
