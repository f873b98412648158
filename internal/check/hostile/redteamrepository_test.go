package hostile_test

import (
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// repository lets a Maintainer put something into the project's files, which some
// rounds later is taken out again.
func (s *siege) repository() {
	if s.rand.IntN(2) == 0 {
		s.putRight()
		return
	}
	act := oneOf(s.rand, "policy", "policy", "policy", "owners", "constraints", "constraints", "yaml", "yaml", "link", "paths")
	count("acts on files: " + act)
	files := map[string]string{}
	switch act {
	case "policy":
		files[".gitlab/pinwheel.yaml"] = s.policy()
		s.named = s.named || strings.Contains(files[".gitlab/pinwheel.yaml"], "path: .gitlab-ci.yml")
	case "owners":
		files["CODEOWNERS"] = oneOf(s.rand, strings.Repeat("**/", 200)+"a @alice\n", "[x]["+strings.Repeat("*", 5000)+"] @alice\n", "* "+strings.Repeat("@u ", 9000)+"\n", "* @all @mallory @cki\n", s.text(), strings.Repeat("a/*", 3000)+"x @alice\n", "^[Docs][99999999999] @alice\n* x@y.example\n")
	case "constraints":
		files["constraints.txt"] = s.pins + oneOf(s.rand, "-r https://127.0.0.1/x\n", "-c ../../../etc/passwd\n", "--index-url https://inner.example/\n", "--extra-index-url https://evil.example/simple\n", "good==1.0\n", "good==1.0 ; python_version<'3'\n", s.text()+"\n",
			"evil @ file:///etc/passwd\n", "x==1.0 --hash=sha256:00\n", strings.Repeat("\\\n", 900), "\ufeff", strings.Repeat("n", 1<<16)+"==1\n", "x==1.0;"+strings.Repeat("(", 20_000)+"\n", "acme-other==1.0\r\n", many(300), "${HOME}==1.0\n", "-e git+ssh://x\n", "\x00\n")
	case "yaml":
		files["pipeline/constraints.yml"] = oneOf(s.rand, "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d]\nvariables:\n  PYTHON_CONSTRAINTS: x\n",
			"variables: &v\n  <<: *v\n  PYTHON_CONSTRAINTS: x\n", strings.Repeat("- ", 20_000), "variables:\n  PYTHON_CONSTRAINTS: !!binary x\n", "variables:\n  PYTHON_CONSTRAINTS: !reference [x, y]\n", "---\n---\nvariables: {}\n", s.text(), "? "+strings.Repeat("{", 5000),
			"variables:\n  PYTHON_CONSTRAINTS: \"$CI_JOB_TOKEN\"\n", "%TAG ! tag:x,2000:\n---\nvariables:\n  PYTHON_CONSTRAINTS: !x y\n", "variables:\n  PYTHON_CONSTRAINTS: |9\n    x\n")
	case "link": // the content of a symbolic link is its target
		files[oneOf(s.rand, "constraints.txt", "pipeline/constraints.yml", "CODEOWNERS", ".gitlab/pinwheel.yaml")] = oneOf(s.rand, "../../../../etc/passwd", "/proc/self/environ", "constraints.txt", ".git/config")
	case "paths":
		files["pipeline/constraints.yml"], files[oneOf(s.rand, "constraints.txt/x", "pipeline", "-rf", "a b/c", "CON", "a\nb")] = gitlabsim.Gone, s.text()
	}
	s.sound = false
	_, _ = s.project.Push("max", "main", s.line(), files)
	s.judge.look()
}

// policy is a policy of the project's own that wants more than it may have.
func (s *siege) policy() string {
	return oneOf(s.rand, "minimum_release_age: 0\nrules: []\nselections: {minimum_role: none}\n", "selections: {minimum_role: none}\n", "rules: []\n", "rules: [{approval: false}]\n", "minimum_release_age: 1h\n", "branch_prefix: ma\n",
		"rules: [{minimum_release_age: 0}]\n", "rules: [{kinds: [major], approval: false, minimum_release_age: 0, window: \"* * * * *\"}]\n", "roots: [{project: cki/private}]\n", "roots: [{project: cki/private, file: pyproject.toml, ref: main}]\n",
		"files: [{path: constraints.txt, derived: {path: .gitlab-ci.yml}}]\n", "files: [{path: ../x}]\n", "files: [{path: constraints.txt, derived: {path: .GIT/config}}]\n", "indexes: [{name: evil, url: \"https://127.0.0.1/simple/\"}]\n", "gitlab: {url: https://evil.example}\n",
		"on_open: {comment: \"/merge\"}\n", "on_open: {comment: \"@all hello\"}\n", "on_open: {pipeline: {}}\n", "mode: \"off\"\n", "labels: [\""+strings.ReplaceAll(s.line(), `"`, "")+"\"]\n", "title: \"{title} "+strings.ReplaceAll(s.line(), `"`, "")+"\"\n", "dashboard: {title: \"@all\"}\n",
		"reviewers: [mallory, alice]\nassignees: [max]\n", "ignore_edges: [{from: anchor, to: held, reason: x}]\n", "a: &a [*a]\n", strings.Repeat("a: ", 9000), strings.Repeat("# xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n", 900), s.text(), "rules:\n  - {packages: [\"/"+strings.Repeat("(a*)*", 200)+"/\"], ignore: x}\n",
		"rules: [{ignore: \""+strings.NewReplacer(`"`, "", `\`, "").Replace(s.line())+"\", packages: [evil-a]}]\n", "python: [\"2.7\"]\n", "max_open_merge_requests: 0\n", "freeze: [{from: 2026-01-01, to: 2026-12-31, reason: \"/close\"}]\n")
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "fresh-%d==1.0\n", i)
	}
	return b.String()
}

// putRight gives the files their content back; what was merged or moved by then
// is in no branch of ours.
func (s *siege) putRight() {
	files := map[string]string{"constraints.txt": s.pins, "pipeline/constraints.yml": twinOf(s.pins), "CODEOWNERS": "* @alice\n", ".gitlab/pinwheel.yaml": gitlabsim.Gone}
	same := true
	now := s.project.Files("main")
	for path := range now {
		if _, keep := files[path]; !keep {
			files[path] = gitlabsim.Gone
		}
	}
	for path, text := range files {
		if old, has := now[path]; has && old != text || !has && text != gitlabsim.Gone {
			same = false
		}
	}
	s.sound = true
	if !same {
		_, err := s.project.Push("alice", "main", "Put it right", files)
		must(s.t, err)
	}
	s.judge.look()
}
