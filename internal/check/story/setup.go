package story

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// setup builds the world from the files of the archive. The bubble's clock
// stands at its beginning, the year 2000.
func (s *stage) setup(env *testscript.Env) (err error) {
	s.dir = env.WorkDir
	s.last = map[string]outcome{}
	if s.config, err = config.Parse("pinwheel.yaml", []byte(s.file("pinwheel.yaml", defaultConfig))); err != nil {
		return err
	}
	s.index = pypisim.New(pypisim.Options{HTML: s.file("html.txt", "") != "", FilesAt: strings.TrimSpace(s.file("files.txt", ""))})
	if err := s.index.Load(s.file("world.txt", defaultWorld)); err != nil {
		return err
	}
	if world := s.file("public.txt", ""); world != "" {
		s.public = pypisim.New(pypisim.Options{})
		if err := s.public.Load(world); err != nil {
			return err
		}
	}
	options := gitlabsim.Options{Now: time.Now, Deliver: s.delivered}
	if late := s.file("late.txt", ""); late != "" {
		rechecks := "0s"
		n, err := fmt.Sscanf(late, "lists %d branches %d reads %d notes %d rechecks %s", &options.StaleLists, &options.BranchLag, &options.AsyncReads, &options.LateNotes, &rechecks)
		s.late = true
		if n < 3 {
			return fmt.Errorf("late.txt: %w", err)
		}
		if options.RecheckTakes, err = time.ParseDuration(rechecks); err != nil {
			return fmt.Errorf("late.txt: %w", err)
		}
	}
	if ahead := strings.TrimSpace(s.file("clock.txt", "")); ahead != "" {
		by, err := time.ParseDuration(ahead)
		if err != nil {
			return fmt.Errorf("clock.txt: %w", err)
		}
		options.Now = func() time.Time { return time.Now().Add(by) }
	}
	s.gitlab = gitlabsim.New(options)
	for _, name := range []string{"alice", "bob", "rita", "stranger"} {
		s.gitlab.AddUser(name, strings.ToUpper(name[:1])+name[1:], false)
	}
	s.gitlab.AddBot(bot, "pinwheel")
	s.gitlab.AddBot(otherBot, "Renovate Bot")
	s.gitlab.AddBot(nextBot, "pinwheel anew")
	s.token = s.gitlab.Token(bot)
	for i, p := range s.config.Projects {
		folder := path.Base(p.Path)
		if i == 0 {
			folder = "project"
		}
		if err := s.addProject(p.Path, folder, i == 0); err != nil {
			return err
		}
	}
	if err := s.addRoots(); err != nil {
		return err
	}
	for _, p := range round.Projects(s.config.Software) {
		if s.gitlab.Project(p.Member.Path) == nil {
			if err := s.addProject(p.Member.Path, path.Base(p.Member.Path), false); err != nil {
				return err
			}
		}
	}
	if err := s.setProduction(); err != nil {
		return err
	}
	s.project = s.gitlab.Project(s.config.Projects[0].Path)
	s.gitlab.OnRequest(s.someoneActs)
	return s.open()
}

// addRoots adds the projects that the configuration names as roots, each from
// the folder of its last path element.
func (s *stage) addRoots() error {
	for _, p := range s.config.Projects {
		for _, root := range p.Policy.Roots {
			if root.Project == "" || s.gitlab.Project(root.Project) != nil {
				continue
			}
			if err := s.addProject(root.Project, path.Base(root.Project), false); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *stage) addProject(projectPath, folder string, first bool) error {
	files, err := tree(filepath.Join(s.dir, folder))
	if err != nil {
		return err
	}
	if first && len(files) == 0 {
		files = map[string]string{"constraints.txt": defaultConstraints, "pipeline/constraints.yml": defaultDerived}
	}
	p := s.gitlab.AddProject(projectPath, "main", files)
	p.SetCI(false) // until a story says otherwise
	p.SetRole("alice", gitlabsim.Maintainer)
	p.SetRole("bob", gitlabsim.Developer)
	p.SetRole("rita", gitlabsim.Reporter)
	p.SetRole(bot, gitlabsim.Developer)
	p.SetRole(otherBot, gitlabsim.Developer)
	p.SetRole(nextBot, gitlabsim.Developer)
	p.Set(gitlabsim.Settings{Public: true}) // so that a stranger can open issues
	return nil
}

// tree reads a folder of the archive; none is empty.
func tree(dir string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	return files, err
}

func (s *stage) file(name, or string) string {
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		return or
	}
	return string(data)
}
