package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/githttp"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// This file lets a reader of docs/prepare.md, docs/deploy.md and docs/bot.md try it without any
// GitLab.

// inTreeBackend is a build backend that stands in a project's own source: it needs
// nothing of an index.
const inTreeBackend = `import os, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "@module@-@version@-py3-none-any.whl"
    info = "@module@-@version@.dist-info/"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as z:
        z.write("@module@.py")
        z.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: @name@\nVersion: @version@\nRequires-Dist: @requires@\n")
        z.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: in-tree\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(info + "entry_points.txt", "[console_scripts]\n@name@ = @module@:main\n")
        z.writestr(info + "RECORD", "@module@.py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "entry_points.txt,,\n" + info + "RECORD,,\n")
    return name
`

// sourceOf are the files of a package with a command that prints its version.
func sourceOf(name, version, requires string) map[string]string {
	module := strings.ReplaceAll(name, "-", "_")
	fill := strings.NewReplacer("@name@", name, "@module@", module, "@version@", version, "@requires@", requires)
	return map[string]string{
		"pyproject.toml": fill.Replace("[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n\n[project]\nname = \"@name@\"\nversion = \"@version@\"\ndependencies = [\"@requires@\"]\n"),
		"backend.py":     fill.Replace(inTreeBackend),
		module + ".py":   fill.Replace("def main():\n    print(\"@name@ @version@\")\n"),
	}
}

// software is a GitLab with two packages that require each other, and one project of data.
type software struct {
	gitlab *gitlabsim.Server
	url    string
	mu     sync.Mutex
	moved  int // how many versions of cki-lib were made after the first

	production production
	comments   comments
	ago        atomic.Int64 // by how much the clock is behind, as a Duration
}

// now is the clock of the demo. All that it begins with is from an hour ago, since the bot starts
// nothing for a commit that is as new as the comment.
func (s *software) now() time.Time { return time.Now().Add(-time.Duration(s.ago.Load())) }

// ServeSoftware serves a GitLab and an index for pinwheel prepare, deploy and bot on 127.0.0.1, and writes
// the configuration of a set into a folder, which has to be absent or empty.
func ServeSoftware(ctx context.Context, out io.Writer, dir string, port int) error {
	return serveFolder(ctx, dir, port, func(url, dir, repositories string) (http.Handler, error) {
		s := newSoftware(url)
		handler, err := s.handler(repositories)
		if err == nil {
			err = s.configure(dir)
		}
		if err == nil {
			fmt.Fprintf(out, "A GitLab and an index for pinwheel prepare, deploy and bot are at %s. Ctrl-C ends them.\nIn another terminal:\n\n  cd %s\n  pinwheel prepare lock\n  pinwheel prepare build\n  . software/use.sh\n  cki-tools\n\nThis moves the branch production of cki-lib:\n\n  curl -X POST %s/move\n\n%s\n%s", s.url, dir, s.url, s.production.words(s.url), s.comments.words(s.url))
		}
		return handler, err
	})
}

// newSoftware is one at an address, without projects.
func newSoftware(url string) *software {
	s := &software{url: url}
	s.gitlab = gitlabsim.New(gitlabsim.Options{Now: s.now})
	return s
}

// handler makes the projects and the index.
func (s *software) handler(repositories string) (http.Handler, error) {
	s.ago.Store(int64(time.Hour))
	defer s.ago.Store(0)
	s.gitlab.SetBaseURL(s.url)
	s.gitlab.AddUser("dev", "A Developer", false)
	at := func(name string) string { return name + " @ git+" + s.url + "/cki/" + name + ".git@production" }
	for _, p := range []struct {
		name  string
		files map[string]string
	}{
		{"cki-lib", sourceOf("cki-lib", "1.0", "six")},
		{"cki-tools", sourceOf("cki-tools", "2.0", at("cki-lib"))},
		{"kpet-db", map[string]string{"trees/rhel.yaml": "rhel: 1\n"}},
	} {
		project := s.gitlab.AddProject("cki/"+p.name, "main", p.files)
		project.Set(gitlabsim.Settings{Public: true})
		s.gitlab.AddMember(project, "dev", gitlabsim.Maintainer)
		if err := project.CreateBranch("dev", "production", "main"); err != nil {
			return nil, err
		}
	}
	index := pypisim.New(pypisim.Options{Files: true})
	if err := index.Load("six 1.16.0 2021-05-05\nsix 1.17.0 2024-12-04\n"); err != nil {
		return nil, err
	}
	if err := errors.Join(s.production.set(s.gitlab), s.comments.set(s.gitlab)); err != nil {
		return nil, err
	}
	git, err := githttp.New(s.gitlab, repositories)
	if err != nil {
		return nil, err
	}
	s.production.name, s.comments.name = git.Name, git.Name
	mux := http.NewServeMux()
	mux.Handle("/simple/", index)
	mux.Handle("/files/", index)
	mux.HandleFunc("POST /move", s.move)
	mux.HandleFunc("POST /merge", s.merge)
	mux.HandleFunc("POST /again", s.again)
	s.comments.routes(mux)
	mux.Handle("/", git)
	return mux, nil
}

// move gives the branch production of cki-lib another version.
func (s *software) move(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	version, err := s.release("production")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "production of cki-lib is %s now\n", version)
}

// release puts another version of cki-lib on a branch. The lock is held.
func (s *software) release(branch string) (version string, err error) {
	s.moved++
	version = fmt.Sprintf("1.%d", s.moved)
	_, err = s.gitlab.Project(libPath).Push("dev", branch, "Release "+version, sourceOf("cki-lib", version, "six"))
	return version, err
}

// configure writes the files of the pipeline's project.
func (s *software) configure(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	const set = `gitlab: {url: %q}
index: {url: %q}
software:
  namespace: cki
  packages: [cki-lib, cki-tools]
  data: [kpet-db]
  constraints: constraints.txt
  path: %q
  images: [{name: python}]
  registry: {folder: %q}
`
	text := fmt.Sprintf(set, s.url, s.url+"/simple/", filepath.Join(dir, "opt"), filepath.Join(dir, "kept"))
	for name, text := range map[string]string{
		"constraints.txt": "six==1.16.0\n",
		"pinwheel.yaml":   text,
		"production.yaml": text + fmt.Sprintf("  deploy:\n    sets: {project: %s}\n    token_file: %q\n", setsPath, filepath.Join(dir, "deploy-token")),
		"deploy-token":    s.production.token + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return s.comments.configure(dir, text)
}
