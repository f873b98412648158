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

// sanitised make anything safe. They have tests of their own. configured is for
// words of the configuration, which are safe as they are: package config lets no
// quick action through. asWritten gives what our own last body has beside a box.
var sanitised = map[string]bool{"mrs.escape": true, "dashboard.markable": true, "mrs.configured": true, "bot.configured": true, "bot.encode": true, "dashboard.asWritten": true}

// readers take texts of GitLab apart; what they build goes into no body, and
// counts as foreign.
var readers = map[string]bool{"mrs.unescape": true, "dashboard.unescape": true}

// passing give back what they were given, with less of it.
var passing = map[string]bool{"dashboard.Normalise": true, "dashboard.KeepTicks": true, "mrs.oneLine": true}

// allowed are the foreign texts that enter as they are, by function and
// expression, with the reason.
var allowed = map[string]string{
	"gitlab.NoteOnce: &n.Markdown":                                  "judged where the note is made",
	"gitlab.EditNote: &n.Markdown":                                  "judged where the note is made",
	"round.write: a.Body":                                           "made by Render",
	"gitlab.SetStatus: &s.Markdown":                                 "judged where the status is made",
	"dashboard.Create: &d.Title":                                    "the operator's configuration",
	"dashboard.Create: new(Normalise(d.Body))":                      "made by Render",
	"dashboard.Write: &body":                                        "made by Render",
	"dashboard.Comment: Normalise(c.Body) + \"\\n\" + mark":         "constants and numbers of package reconcile, see TestCommentsAreConstants",
	"mrs.postMergeRequest: &t.title":                                "made by package decide of a name and a version",
	"mrs.reopen: &title":                                            "made by package decide of a name and a version, or as a person left it, with a word of ours before it",
	"mrs.guardMergeRequest: &title":                                 "as it is, with or without a word of ours before it",
	"mrs.reopen: &next":                                             "what people wrote around our region stays",
	"mrs.editMergeRequest: &t.title":                                "made by package decide, or a person's own prefix before it",
	"mrs.editMergeRequest: &next":                                   "what people wrote around our region stays",
	"mrs.closeMergeRequest: &marked":                                "what people wrote around our region stays",
	"mrs.keepNotes: before":                                         "a part of what Body made",
	"mrs.keepNotes: begin + \"\\n\" + content + \"\\n\" + notesEnd": "what Body made, or lines that text.Quoted recognises, see TestNotesStay",
	"mrs.postCommit: &a.Message":                                    "made by package plan of names, versions and escaped words",
}

// safeFields are the foreign strings that no third party writes. That of a waiting tick
// comes from asWritten alone, see TestAStoppedPageShowsWaitingTicks.
var safeFields = map[string]bool{"Row.Heading": true, "Row.Bulk": true, "WaitingTick.Text": true}

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

// option reports whether an object is a field of client-go's, or of package
// gitlab, that becomes text on GitLab.
func option(o types.Object) bool {
	v, ok := o.(*types.Var)
	if !ok || !v.IsField() || v.Pkg() == nil {
		return false
	}
	if v.Pkg().Path() == module+"gitlab" {
		return v.Name() == "Markdown"
	}
	return strings.Contains(v.Pkg().Path(), "client-go") &&
		slices.Contains([]string{"Description", "Body", "Title", "CommitMessage", "Note", "Message", "MergeCommitMessage", "SquashCommitMessage"}, v.Name())
}

// composite follows the fields of a struct that is written down.
func (r *room) composite(n *ast.CompositeLit, fn string) {
	s, ok := r.info.Types[n].Type.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, e := range n.Elts {
		value := e
		var field types.Object
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
