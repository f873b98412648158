package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/deploy"
)

// TestHostileFiles: whoever may write to the project of the sets gets nothing moved by a
// file that no pinwheel writes, and no escape onto a terminal.
func TestHostileFiles(t *testing.T) {
	sha := strings.Repeat("a", 40)
	member := fmt.Sprintf(`{"project":"cki/cki-lib","sha":%q,"since":"2026-01-01T00:00:00Z","by":"","kind":"forward","set":1}`, sha)
	set := func(with string) string {
		return `{"format":1,"id":1,"at":"2026-01-01T00:00:00Z","kind":"forward","by":"x","why":"x","members":[` + with + `],"builds":[]}`
	}
	state := func(rest string) string { return `{"format":1,"writer":"x","set":1,"holds":[]` + rest + `}` }
	intent := func(move, members string) string {
		return state(`,"intent":{"set":2,"kind":"forward","by":"x","why":"x","at":"2026-01-01T00:00:00Z","moves":[` + move + `],"owner":"x","until":"2000-01-01T00:00:00Z","result":` +
			strings.Replace(set(members), `"id":1`, `"id":2`, 1) + `}`)
	}
	for name, files := range map[string][2]string{
		"no JSON":                     {"\x1b[2J", set(member)},
		"nothing":                     {"", set(member)},
		"a list":                      {"[]", set(member)},
		"another format":              {`{"format":2,"writer":"x","set":1,"holds":[]}`, set(member)},
		"a key more":                  {state(`,"run":"rm"`), set(member)},
		"two values":                  {state("") + state(""), set(member)},
		"a negative set":              {`{"format":1,"writer":"x","set":-1,"holds":[]}`, set(member)},
		"a set that is not there":     {`{"format":1,"writer":"x","set":7,"holds":[]}`, set(member)},
		"a hold of no project":        {`{"format":1,"writer":"x","set":1,"holds":[{"project":"../x","since":"2026-01-01T00:00:00Z","by":"x","reason":"x"}]}`, set(member)},
		"a hold until no day":         {`{"format":1,"writer":"x","set":1,"holds":[{"project":"cki/cki-lib","since":"2026-01-01T00:00:00Z","by":"x","until":"soon","reason":"x"}]}`, set(member)},
		"another number":              {state(""), strings.Replace(set(member), `"id":1`, `"id":2`, 1)},
		"a branch for a commit":       {state(""), set(strings.Replace(member, sha, "refs/heads/evil", 1))},
		"a short commit":              {state(""), set(strings.Replace(member, sha, sha[:39], 1))},
		"a project outside":           {state(""), set(strings.Replace(member, "cki/cki-lib", "cki/../evil", 1))},
		"a project twice":             {state(""), set(member + "," + member)},
		"a kind of its own":           {state(""), set(strings.Replace(member, `"forward"`, `"evil"`, 1))},
		"a build of no image":         {state(""), strings.Replace(set(member), `"builds":[]`, `"builds":[{"image":"../x","key":"","lock":""}]`, 1)},
		"a move that no set has":      {intent(fmt.Sprintf(`{"project":"cki/cki-tools","old":"","new":%q}`, sha), member), set(member)},
		"a move to another commit":    {intent(fmt.Sprintf(`{"project":"cki/cki-lib","old":"","new":%q}`, strings.Repeat("b", 40)), member), set(member)},
		"a move of a project outside": {intent(`{"project":"evil/evil","old":"EVILOLD","new":"EVILNEW"}`, strings.NewReplacer("cki/cki-lib", "evil/evil", sha, "EVILNEW").Replace(member)), set(member)},
		"a commit that is not there":  {intent(fmt.Sprintf(`{"project":"cki/cki-lib","old":"","new":%q}`, sha), member), set(member)},
	} {
		inWorld(t, func(w *world) {
			before := map[string]string{}
			for _, path := range members {
				before[path] = w.production(path)
			}
			evil := w.sim.AddProject("evil/evil", "main", map[string]string{"x": "1"})
			evil.SetRole("deployer", 40)
			w.ok(evil.CreateBranch("deployer", "production", "main"))
			old := evil.Head("production")
			_, err := evil.Push("deployer", "main", "Second", map[string]string{"x": "2"})
			w.ok(err)
			files[0] = strings.NewReplacer("EVILOLD", old, "EVILNEW", evil.Head("main")).Replace(files[0])
			_, err = w.sim.Project("cki/deployments").Push("dave", "main", "Write", map[string]string{"deployments/state.json": files[0], "deployments/sets/1.json": files[1]})
			w.ok(err)
			ctx := context.Background()
			for what, do := range map[string]func(*deploy.Deployer) error{
				"deploy": func(d *deploy.Deployer) error { _, err := d.Deploy(ctx, w.order(lib, w.merge(lib))); return err },
				"rollback": func(d *deploy.Deployer) error {
					_, err := d.RollbackSet(ctx, "1", deploy.Person{Name: "dave"})
					return err
				},
			} {
				d, err := w.deployer(nil)
				w.ok(err)
				err = do(d)
				if err == nil && what == "deploy" && strings.HasPrefix(name, "a commit") {
					continue // what can never be done was given up
				}
				if err == nil || strings.ContainsAny(err.Error(), "\x1b\n") {
					t.Errorf("%s: %s: %q", name, what, err)
				}
			}
			for _, path := range members {
				if at := w.production(path); at != before[path] && !w.wasAsked(path, at) {
					t.Errorf("%s: production of %s is at %s", name, path, at)
				}
			}
			if evil.Head("production") != old {
				t.Errorf("%s: a project outside the set was moved", name)
			}
		})
	}
}

// TestASetWithACommitOfNobody: a set that names a commit which the project does not have
// is rolled back to by nobody, and nothing is moved.
func TestASetWithACommitOfNobody(t *testing.T) {
	inWorld(t, func(w *world) {
		for range 2 {
			for _, path := range members {
				w.must(w.order(path, w.merge(path)))
			}
		}
		text, _ := w.sim.Project("cki/deployments").File("main", "deployments/sets/3.json")
		text = strings.ReplaceAll(text, w.commits[pins][1], strings.Repeat("d", 40))
		_, err := w.sim.Project("cki/deployments").Push("dave", "main", "Write", map[string]string{"deployments/sets/3.json": text})
		w.ok(err)
		before := w.production(lib)
		d, err := w.deployer(nil)
		w.ok(err)
		var mistake *deploy.Mistake
		if _, err := d.RollbackSet(context.Background(), "3", deploy.Person{Name: "dave"}); !errors.As(err, &mistake) || !strings.Contains(err.Error(), "has no commit dddddddddddd any more") {
			t.Errorf("%v", err)
		}
		w.same(w.production(lib), before)
		w.settled()
	})
}

// TestAllIsCheckedBeforeTheFirstMove: a rollback of a set that GitLab would refuse for one
// project moves none.
func TestAllIsCheckedBeforeTheFirstMove(t *testing.T) {
	for says, spoil := range map[string]func(w *world){
		"may not be force pushed":          func(w *world) { w.sim.Project(pins).Protect("production", 40, 40) },
		"has not the role to push":         func(w *world) { w.sim.Project(pins).Protect("production", 50, 50) },
		"You are not allowed to push code": func(w *world) { w.sim.Project(pins).SetRole("deployer", 20) },
		"not found":                        func(w *world) { w.sim.Project(pins).SetRole("deployer", 0) },
	} {
		inWorld(t, func(w *world) {
			for range 2 {
				for _, path := range members {
					w.must(w.order(path, w.merge(path)))
				}
			}
			before := w.production(lib)
			spoil(w)
			d, err := w.deployer(nil)
			w.ok(err)
			_, err = d.RollbackSet(context.Background(), "3", deploy.Person{Name: "dave"})
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(says)) && !strings.Contains(err.Error(), "403") {
				t.Errorf("%v, want %q", err, says)
			}
			w.same(w.production(lib), before)
			w.settled()
		})
	}
}
