package mrs_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

func TestACommitMakesTheBranch(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		a := w.commit("1.35.0", "", 0)
		out := w.apply(a)
		w.same(out.Wrote, true)
		w.same(out.Head, w.p.Head(work))
		w.same(out.Commit.Message, strings.TrimRight(a.Message, "\n")+"\n")
		w.same(strings.Join(out.Commit.Parents, " "), a.Base)
		text, _ := w.p.File(work, "pipeline/constraints.yml")
		w.same(text, string(a.Files[1].Content))
		w.same(w.quiet(a).Head, out.Head)

		b, err := w.c.Prove(w.ctx, mrs.Grounds{w.project.ID, w.bot, []string{a.Base}}, plan.Branch{Name: work, Head: out.Commit})
		w.ok(err)
		_, ours := b.Ours(plan.UsOf(w.bot, nil))
		w.same(ours, true)
	})
}

func TestARebuildReplacesTheHead(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		head, m := w.opened()
		_, err := w.p.EditFile("dave", "README.md", "hello\n")
		w.ok(err)
		a := w.commit("1.36.0", head, m.IID)
		out := w.apply(a)
		w.same(out.Kept, mrs.Kept{})
		w.same(out.Unverified, false)
		w.same(strings.Join(out.Commit.Parents, " "), w.p.Head("main"))
		w.same(w.mr(m.IID).Head, out.Head)
		w.quiet(a)
	})
}

func TestACommitWhoseAnswerIsLost(t *testing.T) {
	for _, fault := range []string{"502 after once", "504 after once", "truncated after once", "html after once", "reset after once"} {
		t.Run(fault, func(t *testing.T) {
			inWorld(t, gitlabsim.Options{}, func(w *world) {
				w.fault("POST */commits " + fault)
				a := w.commit("1.35.0", "", 0)
				out := w.apply(a)
				w.same(out.Wrote, true)
				w.same(out.Head, w.p.Head(work))
				w.same(w.writes(), 1)
				time.Sleep(time.Minute)
				m := w.apply(w.open()).MR
				time.Sleep(time.Minute)

				w.fault("POST */commits " + fault)
				b := w.commit("1.36.0", out.Head, m.IID)
				again := w.apply(b)
				w.same(again.Head, w.p.Head(work))
				w.same(again.Unverified, false)
				w.quiet(b)
			})
		})
	}
}

func TestACommitThatDidNotHappen(t *testing.T) {
	for _, fault := range []string{"502 once", "reset once", "html once", "503 once"} {
		t.Run(fault, func(t *testing.T) {
			inWorld(t, gitlabsim.Options{}, func(w *world) {
				w.fault("POST */commits " + fault)
				a := w.commit("1.35.0", "", 0)
				out, err := w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(a, view))
				w.same(err != nil && !out.Wrote, true)
				w.same(w.p.Head(work), "")
				w.apply(a)
			})
		})
	}
}

func TestAForeignHeadIsNotReplaced(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		head, m := w.opened()
		foreign, err := w.p.Push("dave", work, "mine", map[string]string{"x": "y"})
		w.ok(err)
		_, err = w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(w.commit("1.36.0", head, m.IID), view))
		w.same(errors.Is(err, mrs.ErrMoved), true)
		_, err = w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(w.commit("1.36.0", "", 0), view))
		w.same(errors.Is(err, mrs.ErrMoved), true)
		w.same(w.p.Head(work), foreign)
		w.ok(w.p.DeleteBranch("dave", work))
		_, err = w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(w.commit("1.36.0", head, m.IID), view))
		w.same(errors.Is(err, mrs.ErrMoved), true)
	})
}

// Somebody amended our commit and kept its message: the digest in it proves
// nothing then.
func TestAnAmendedCommitIsForeign(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"other content": {"constraints.txt": "boto3==1.36.0\nidna==99\n"},
		"one file more": {"constraints.txt": strings.ReplaceAll(pins, "1.34.0", "1.36.0"),
			"pipeline/constraints.yml": strings.ReplaceAll(twin, "1.34.0", "1.36.0"), "extra": "x"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, gitlabsim.Options{}, func(w *world) {
				a := w.commit("1.36.0", "", 0)
				_, err := w.p.ForcePush("dave", work, "main", a.Message, files)
				w.ok(err)
				_, err = w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(a, view))
				w.same(errors.Is(err, mrs.ErrMoved), true)
			})
		})
	}
}

// A branch appears between our look and our commit: GitLab refuses ours.
func TestABranchThatAppearsInTheInstant(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		var foreign string
		w.sim.OnRequest(func(c gitlabsim.Call) {
			if c.Method == "POST" && foreign == "" {
				foreign, _ = w.p.Push("dave", work, "mine", map[string]string{"x": "y"})
			}
		})
		_, err := w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(w.commit("1.35.0", "", 0), view))
		w.same(errors.Is(err, mrs.ErrMoved), true)
		w.same(w.p.Head(work), foreign)
	})
}

func TestAPushInTheInstantOfARebuildIsKept(t *testing.T) {
	for _, fault := range []string{"", "POST */commits 502 after once", "POST */branches 502 after once", "GET */versions 502 x2"} {
		t.Run(fault, func(t *testing.T) {
			inWorld(t, gitlabsim.Options{AsyncReads: 2}, func(w *world) {
				head, m := w.opened()
				if fault != "" {
					w.fault(fault)
				}
				var foreign string
				w.sim.OnRequest(func(c gitlabsim.Call) {
					if c.Method == "POST" && strings.HasSuffix(c.Path, "/commits") && foreign == "" {
						foreign, _ = w.p.Push("dave", work, "mine", map[string]string{"x": "y"})
					}
				})
				a := w.commit("1.36.0", head, m.IID)
				out := w.apply(a)
				w.same(out.Kept, mrs.Kept{Branch: "pinwheel/kept-boto3-1.x-" + foreign[:8], SHA: foreign})
				w.same(w.p.Head(out.Kept.Branch), foreign)
				w.same(w.p.Head(work), out.Head)
				w.same(out.Unverified, false)

				before := w.writes()
				kept, verified, err := w.c.KeepReplaced(w.ctx, w.project, w.bot, mrs.Rebuilt{IID: m.IID, Branch: work, Expect: head, Head: out.Head})
				w.ok(err)
				w.same(verified, true)
				w.same(kept, out.Kept)
				w.same(w.writes(), before+1) // refused: it is there
			})
		})
	}
}

// Our commit with another file, in our own name: it is a person's, in the instant
// of a rebuild too. The same commit rebased is nobody's loss.
func TestAnAmendedCommitInTheInstantOfARebuildIsKept(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		kept  bool
	}{"another file": {map[string]string{"x": "y"}, true}, "nothing": {nil, false}} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, gitlabsim.Options{}, func(w *world) {
				head, m := w.opened()
				var foreign string
				w.sim.OnRequest(func(c gitlabsim.Call) {
					if c.Method == "POST" && strings.HasSuffix(c.Path, "/commits") && foreign == "" {
						foreign, _ = w.p.Amend("dave", work, gitlabsim.Amended{Committer: "Pinwheel", Files: test.files})
					}
				})
				out := w.apply(w.commit("1.36.0", head, m.IID))
				w.same(out.Kept.SHA == foreign, test.kept)
				w.same(out.Kept.Branch != "" && w.p.Head(out.Kept.Branch) == foreign, test.kept)
				w.same(out.Unverified, false)
			})
		})
	}
}

// A message that names more files than any commit of ours makes nobody read them.
func TestAMessageThatNamesTooManyFiles(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		a := w.commit("1.35.0", "", 0)
		w.apply(a)
		many := strings.Repeat(" x", 300)
		sha, err := w.p.Amend("dave", work, gitlabsim.Amended{Message: strings.Replace(a.Message, "Pinwheel-Paths: constraints.txt", "Pinwheel-Paths: constraints.txt"+many, 1)})
		w.ok(err)
		k, err := w.c.Commit(w.ctx, w.project.ID, sha)
		w.ok(err)
		w.sim.ForgetRequests()
		b, err := w.c.Prove(w.ctx, mrs.Grounds{w.project.ID, w.bot, []string{a.Base}}, plan.Branch{Name: work, Head: k})
		w.ok(err)
		w.same(b.Digest, "")
		w.same(len(w.sim.Requests()), 0)
	})
}

// GitLab makes one version of two quick pushes: what stands before ours is
// then an older head of ours and nobody's loss.
func TestAnOlderHeadOfOursIsNotKept(t *testing.T) {
	inWorld(t, gitlabsim.Options{CoalesceVersions: true, AsyncReads: 99}, func(w *world) {
		head, m := w.opened()
		w.same(len(w.mr(m.IID).Versions), 1)
		second := w.apply(w.commit("1.36.0", head, 0)).Head
		out := w.apply(w.commit("1.37.0", second, m.IID))
		w.same(out.Kept, mrs.Kept{})
		w.same(out.Unverified, false)
		w.same(strings.Join(w.mr(m.IID).Versions, " "), out.Head+" "+head)
	})
}

func TestVersionsThatAreLateAreToldAndAskedForAgain(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		head, m := w.opened()
		lag := true
		w.c = w.client(w.sim.Token("pinwheel-bot"), overlay{w.sim.Transport(), lagging(&lag)})
		out := w.apply(w.commit("1.36.0", head, m.IID))
		w.same(out.Unverified, true)
		lag = false
		_, verified, err := w.c.KeepReplaced(w.ctx, w.project, w.bot, mrs.Rebuilt{IID: m.IID, Branch: work, Expect: head, Head: out.Head})
		w.ok(err)
		w.same(verified, true)
	})
}

func TestNothingIsWrittenOutsideThePrefix(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		w.ok(w.p.CreateBranch("dave", "feature/x", "main"))
		_, err := w.p.Push("dave", "feature/x", "mine", map[string]string{"x": "y"})
		w.ok(err)
		iid, err := w.p.CreateMR("dave", "feature/x", "main", "x", "")
		w.ok(err)
		for _, branch := range []string{"feature/x", "main", "pinwheel", prefix, ""} {
			u := update("1.35.0")
			u.Branch = branch
			c := w.commit("1.35.0", w.p.Head(branch), 0)
			c.Branch = branch
			for _, a := range []plan.Action{
				c, plan.DeleteBranch{Branch: branch, Head: w.p.Head(branch)}, plan.OpenMergeRequest{Update: u, Target: "main"},
				plan.EditMergeRequest{IID: int64(iid), Update: u, Title: "y"}, plan.CloseMergeRequest{IID: int64(iid), Branch: branch, Op: "o", Reason: "r"},
			} {
				if _, err := w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(a, view)); !errors.Is(err, mrs.ErrOutside) {
					t.Errorf("%T of %q: %v", a, branch, err)
				}
			}
		}
		_, err = w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(plan.CloseMergeRequest{IID: int64(iid), Branch: work}, view))
		w.same(errors.Is(err, mrs.ErrOutside), true)
		w.same(w.writes(), 0)
		none := mrs.New(nil, mrs.Options{})
		_, err = none.Apply(w.ctx, w.project, w.bot, mrs.Render(w.commit("1.35.0", "", 0), view))
		w.same(errors.Is(err, mrs.ErrOutside), true)
	})
}

func TestABranchIsDeletedAtItsHeadAlone(t *testing.T) {
	for _, fault := range []string{"", "DELETE * 502 after once", "DELETE * reset after once", "DELETE * html after once"} {
		t.Run(fault, func(t *testing.T) {
			inWorld(t, gitlabsim.Options{}, func(w *world) {
				head := w.apply(w.commit("1.35.0", "", 0)).Head
				_, err := w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(plan.DeleteBranch{Branch: work, Head: w.p.Head("main")}, view))
				w.same(errors.Is(err, mrs.ErrMoved), true)
				if fault != "" {
					w.fault(fault)
				}
				a := plan.DeleteBranch{Branch: work, Head: head}
				w.same(w.apply(a).Wrote, true)
				w.same(w.p.Head(work), "")
				w.quiet(a)
			})
		})
	}
	t.Run("not deleted", func(t *testing.T) {
		inWorld(t, gitlabsim.Options{}, func(w *world) {
			head := w.apply(w.commit("1.35.0", "", 0)).Head
			w.fault("DELETE * 502 once")
			_, err := w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(plan.DeleteBranch{Branch: work, Head: head}, view))
			w.same(errors.Is(err, gitlab.ErrUnavailable), true)
		})
	})
}
