package plan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

// everyAction holds one of each, with every field that a fact tells of.
func everyAction() []Action {
	moves := []Move{{Key: "boto3", From: "1.0", To: "1.1"}}
	u := Update{Branch: "b", Moves: moves, Note: MergeRequestNote{Digest: "d", Why: "window"}}
	return []Action{
		CommitBranch{Branch: "b", Base: "base", Expect: "old", Digest: "d", Because: "a conflict with main"},
		OpenMergeRequest{Update: u, Target: "main"},
		EditMergeRequest{IID: 5, Update: u},
		CloseMergeRequest{IID: 5, Branch: "b", Reason: "Closed."},
		KeepCommits{IID: 5, Branch: "b", Head: "h", By: "bob"},
		AskForTests{IID: 5, Branch: "b", Head: "h"},
		NoteMergeRequest{IID: 5, Branch: "b", Op: "o", Why: "it is taken apart", Ended: &BatchEnd{}},
		DeleteBranch{Branch: "b", Head: "h"},
		Merge{IID: 5, Branch: "b", Head: "h", Base: "m", Target: "main", Tested: "pipeline 7 passed"},
		StartGate{IID: 5, Branch: "b", Head: "h", Gate: "g", Run: GateRun{Operation: "op"}},
		RetryJob{IID: 5, Branch: "b", Gate: "g", Operation: "op"},
		SetStatus{IID: 5, Branch: "b", Status: GateStatus{Gate: "g"}},
		GuardMergeRequest{IID: 5, Branch: "b", Head: "h"},
	}
}

// The kinds are what databases and audits hold, so that they are spelt out here.
func TestEveryActionHasAKindAndAFact(t *testing.T) {
	want := []string{"CommitBranch b", "OpenMergeRequest b", "EditMergeRequest b !5", "CloseMergeRequest b !5", "KeepCommits b !5", "AskForTests b !5", "NoteMergeRequest b !5", "DeleteBranch b", "Merge b !5",
		"StartGate b !5", "RetryJob b !5", "SetStatus b !5", "GuardMergeRequest b !5"}
	var got, types []string
	for _, a := range everyAction() {
		f := a.Fact()
		got = append(got, string(a.Kind())+" "+f.Target)
		types = append(types, reflect.TypeOf(a).Name())
		if f.Kind != a.Kind() || f.On != a.On() || f.On == "" {
			t.Errorf("%T: a fact of %s on %q, want %s on %q", a, f.Kind, f.On, a.Kind(), a.On())
		}
		if f.Why == "" || f.Detail == "" || len(f.Before)+len(f.After) == 0 {
			t.Errorf("%T: a fact that says too little: %+v", a, f)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if sealed := sealedActions(t); !slices.Equal(sealed, slices.Sorted(slices.Values(types))) {
		t.Errorf("the sealed set is %q, and this test knows %q", sealed, types)
	}
}

// sealedActions are the types that have the method action, by name.
func sealedActions(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Name.Name != "action" || f.Recv == nil {
				continue
			}
			if id, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
				out = append(out, id.Name)
			}
		}
	}
	slices.Sort(out)
	return out
}
