package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/githttp"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// This file lets a reader try init, plan, run, serve, adopt and import on a shell of their own,
// without any GitLab. servedpages.go has the pages on which people act.

const (
	servedPath  = "group/project"
	leftPath    = "group/renovated" // as Renovate left it
	testsPath   = "group/tests"     // with a pipeline that a gate can start
	pageAddress = "127.0.0.1:8081"  // of the status page in docs/service.md
)

// servedScript is what the pipelines of group/project do.
const servedScript = `
on merge-request
job install takes 5s
job canary takes 5s fails when configobj==5.0.9
`

// gateFile and gateScript are those of the project that tests.
const gateFile = `spec:
  inputs:
    sha: {}
    operation_id: {default: ""}
---
workflow:
  name: "integration $[[ inputs.operation_id ]]"
`

const gateScript = "inputs sha operation_id\nname integration {operation_id}\njob integration takes 5s fails when configobj==5.0.9\n"

// leftRenovate is the renovate.json of the project that Renovate left.
const leftRenovate = `{
  "extends": ["config:recommended", "schedule:weekends"],
  "timezone": "Europe/Prague",
  "packageRules": [
    {"matchPackageNames": ["json5", "attrs"], "groupName": "small"}
  ]
}
`

const servedConfiguration = `gitlab: {url: %s, token_file: %q}
index: {url: %s/simple/}
store: %q
projects:
  - path: group/project
    files:
      - {path: constraints.txt, derived: {path: pipeline/constraints.yml}}
    timezone: Europe/Prague
    python: ["3.9", "3.12"]
  - path: group/renovated
    files:
      - {path: constraints.txt, derived: {path: pipeline/constraints.yml}}
    timezone: Europe/Prague
    python: ["3.9", "3.12"]
    adopt: {authors: [renovate-bot]}
`

// served is a GitLab with projects whose pins can move, and the index of these.
type served struct {
	gitlab      *gitlabsim.Server
	url         string
	application gitlabsim.Application // of the status page
	ago         atomic.Int64          // by how much the clock is behind, as a Duration
}

func (s *served) now() time.Time { return time.Now().Add(-time.Duration(s.ago.Load())) }

// ServeGitLab serves a GitLab and an index for all commands that keep projects moving on 127.0.0.1,
// and writes a configuration and tokens into a folder, which has to be absent or empty.
func ServeGitLab(ctx context.Context, out io.Writer, dir string, port int) error {
	return serveFolder(ctx, dir, port, func(url, dir, repositories string) (http.Handler, error) {
		s := &served{url: url}
		s.gitlab = gitlabsim.New(gitlabsim.Options{Now: s.now, BaseURL: url, Deliver: deliver})
		handler, err := s.handler(repositories)
		if err == nil {
			err = s.configure(dir)
		}
		if err == nil {
			fmt.Fprint(out, s.words(dir))
		}
		return handler, err
	})
}

// serveFolder serves what begin makes for an address, a folder that is absent or empty, and one
// for repositories, until ctx ends.
func serveFolder(ctx context.Context, dir string, port int, begin func(url, dir, repositories string) (http.Handler, error)) error {
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return fmt.Errorf("demo: %s is not empty: name a folder that is not there", dir)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	repositories, err := os.MkdirTemp("", "pinwheel-demo-*")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer os.RemoveAll(repositories)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("demo: %w; choose another with --port", err)
	}
	defer l.Close()
	handler, err := begin("http://"+l.Addr().String(), dir, repositories)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	server := &http.Server{Handler: handler, BaseContext: func(net.Listener) context.Context { return ctx }, ReadHeaderTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// deliver sends an event of a webhook. GitLab tries again only with those of some kinds, so this
// one never does.
func deliver(d gitlabsim.Delivery) {
	ctx, end := context.WithTimeout(context.Background(), 10*time.Second)
	defer end()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return
	}
	req.Header = d.Header
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
	}
}

// handler makes the projects and the index. All that they begin with is from an hour ago.
func (s *served) handler(repositories string) (http.Handler, error) {
	s.ago.Store(int64(time.Hour))
	defer s.ago.Store(0)
	for _, name := range []string{bot, oldBot} {
		s.gitlab.AddBot(name, name)
	}
	for _, one := range people() {
		s.gitlab.AddUser(one.name, one.name, false)
	}
	for _, one := range []struct {
		path  string
		files map[string]string
	}{
		{servedPath, map[string]string{pinsPath: pins, twinPath: twinOf(pins)}},
		{leftPath, map[string]string{pinsPath: oldPins, twinPath: twinOf(oldPins), "renovate.json": leftRenovate}},
		{testsPath, map[string]string{".gitlab-ci.yml": gateFile}},
	} {
		p := s.gitlab.AddProject(one.path, "main", one.files)
		p.Set(gitlabsim.Settings{Public: true})
		p.SetCI(false)
		s.gitlab.AddMember(p, bot, gitlabsim.Developer)
		s.gitlab.AddMember(p, oldBot, gitlabsim.Developer)
		for _, person := range people() {
			s.gitlab.AddMember(p, person.name, person.level)
		}
	}
	s.gitlab.Project(testsPath).Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
	index := pypisim.New(pypisim.Options{Now: s.now, NoLog: true})
	git, err := githttp.New(s.gitlab, repositories)
	err = errors.Join(err, index.Load(indexWorld), leave(s.gitlab.Project(leftPath)),
		s.gitlab.Project(servedPath).Script(servedScript), s.gitlab.Project(testsPath).Script(gateScript))
	if err != nil {
		return nil, err
	}
	s.application = s.gitlab.AddApplication([]string{"http://" + pageAddress + "/sign-in/callback"}, []string{"read_api"})
	s.gitlab.Browse(people()[0].name, true)
	mux := http.NewServeMux()
	mux.Handle("/simple/", index)
	mux.Handle("/files/", index)
	s.routes(mux)
	mux.Handle("/", onlyGitLab(git))
	return mux, nil
}

// onlyGitLab answers 404 for addresses that a GitLab has not; the simulator would take them for
// a fault of pinwheel's.
func onlyGitLab(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, one := range []string{"/api/", "/oauth/", "/users/", ".git/", "/info/refs", "/git-upload-pack"} {
			if strings.Contains(r.URL.Path, one) {
				h.ServeHTTP(w, r)
				return
			}
		}
		http.NotFound(w, r)
	})
}

// configure writes the files with which pinwheel works on it.
func (s *served) configure(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"pinwheel.yaml":    fmt.Sprintf(servedConfiguration, s.url, filepath.Join(dir, "token"), s.url, filepath.Join(dir, "pinwheel.db")),
		"token":            s.gitlab.Token(bot) + "\n",
		"maintainer-token": s.gitlab.Token(people()[0].name) + "\n",
		"page-secret":      s.application.Secret + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// words say what is there and how it is tried.
func (s *served) words(dir string) string {
	names := []string{}
	for _, p := range people() {
		names = append(names, p.name+" ("+p.role+")")
	}
	return strings.NewReplacer("URL", s.url, "FOLDER", dir, "PEOPLE", strings.Join(names, ", "), "APPLICATION", s.application.ID, "PAGE", "http://"+pageAddress).Replace(
		`A GitLab and an index are served at

  URL

Ctrl-C ends them, and all is lost then. There are group/project, group/renovated as
Renovate left it, and group/tests for gates. In another terminal:

  cd FOLDER
  pinwheel doctor
  pinwheel plan group/project
  pinwheel run group/project
  curl URL/group/project

The last command lists the dashboard and the merge requests. People act by curl, as one
of PEOPLE; without -u it is alice. This prints the
dashboard, and ticks the box whose line has boto3:

  curl URL/group/project/-/issues/1
  curl -u bob: --data-raw 'boto3' URL/group/project/-/issues/1

This prints a merge request and merges it; close and reopen are like merge:

  curl URL/group/project/-/merge_requests/1
  curl -X POST URL/group/project/-/merge_requests/1/merge

This sets a project up anew, in another folder, and this clones one:

  pinwheel init group/project --gitlab URL --index URL/simple/ --token-file FOLDER/token
  git clone URL/group/renovated.git

maintainer-token is alice's, for pinwheel hooks. The status page at PAGE may sign
people in as the application APPLICATION, whose secret is in page-secret.
Who sits at the browser then is alice, until curl -u bob: -X POST URL/browse.
`)
}
