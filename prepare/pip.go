package prepare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/python/metadata"
	"gitlab.com/cki-project/pinwheel/python/pep508"
	"gitlab.com/cki-project/pinwheel/text"
)

// Index is an index for pip. Its password reaches pip only through a file.
type Index struct {
	URL                string
	Username, Password string
	Plain              bool // http is permitted
}

// RefusedError says that pip could not install the set.
type RefusedError struct {
	Words  string // which pin and which requirement, in our words
	Output string // of pip, without secrets
	// Conflict: the pins and requirements cannot be installed together, or a release does not
	// exist. Another attempt gives the same.
	Conflict bool
}

func (e *RefusedError) Error() string { return e.Words }

// pip installs a lock into a virtual environment.
type pip struct {
	python      string
	venv        string
	scratch     string
	lock        Lock
	mirror      string // the folder of the lock's repositories
	indexes     []Index
	constraints *constraints.File
}

// interpreter asks a Python what it is.
func interpreter(ctx context.Context, python, scratch string) (Interpreter, error) {
	cmd := exec.CommandContext(ctx, python, "-I", "-c", probe)
	cmd.Env = append(environment(scratch), pythonVariables...)
	out, err := cmd.Output()
	switch {
	case ctx.Err() != nil:
		return Interpreter{}, ctx.Err()
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return Interpreter{}, mistake("there is no %s in this image: name its interpreter in software.images[].python", python)
	case err != nil:
		return Interpreter{}, mistake("%s does not run: name another one in software.images[].python", python)
	}
	return readInterpreter(out)
}

// AskInterpreter asks the Python of a name or path what it is.
func AskInterpreter(ctx context.Context, python string) (Interpreter, error) {
	scratch, err := os.MkdirTemp("", "pinwheel-prepare-*")
	if err != nil {
		return Interpreter{}, err
	}
	defer os.RemoveAll(scratch)
	return interpreter(ctx, python, scratch)
}

// pythonVariables make Python write the same each time.
var pythonVariables = []string{"PYTHONHASHSEED=0", "PYTHONNOUSERSITE=1", "PYTHONDONTWRITEBYTECODE=1", "SOURCE_DATE_EPOCH=946684800", "LC_ALL=C.UTF-8", "PYTHONUTF8=1"}

// install makes the environment: venv, one run of pip, and byte code without times.
func (p *pip) install(ctx context.Context) error {
	if out, err := p.exec(ctx, nil, p.python, "-m", "venv", p.venv); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return mistake("%s cannot make a virtual environment: %s; add its modules venv and ensurepip to the image", p.python, lastWords(out))
	}
	variables, err := p.settings()
	if err != nil {
		return err
	}
	requirements := filepath.Join(p.scratch, "requirements.txt")
	if err := os.WriteFile(requirements, []byte(strings.Join(p.requirements(), "\n")+"\n"), 0o600); err != nil {
		return err
	}
	args := []string{"-m", "pip", "install", "--no-input", "--no-compile", "--no-cache-dir", "--disable-pip-version-check", "--no-warn-script-location", "--requirement", requirements}
	out, err := p.exec(ctx, variables, p.inside(), append(args, p.indexArgs()...)...)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return p.refused(out)
	}
	return p.compile(ctx)
}

func (p *pip) inside() string { return filepath.Join(p.venv, "bin", "python") }

// requirements are what pip gets: the members that the set names, and the pinned ones of what came
// with the virtual environment.
func (p *pip) requirements() []string {
	var out []string
	for _, m := range p.lock.Packages {
		if m.Requirement != "" {
			out = append(out, m.Requirement)
		}
	}
	for _, name := range installers {
		if _, err := os.Stat(filepath.Join(p.sitePackages(), name)); err == nil && len(p.constraints.Slots(name)) > 0 {
			out = append(out, name)
		}
	}
	return out
}

// sitePackages is the folder of the distributions. There is one, since one interpreter made the
// environment.
func (p *pip) sitePackages() string {
	found, _ := filepath.Glob(filepath.Join(p.venv, "lib", "python*", "site-packages")) // the pattern is ours
	if len(found) == 0 {
		return p.venv
	}
	return found[0]
}

// settings are the variables that make pip's git use the mirrors, and pip the constraints, also for
// build backends. They turn off what the machine or its user configured for pip.
func (p *pip) settings() ([]string, error) {
	file := filepath.Join(p.scratch, ConstraintsName)
	if err := os.WriteFile(file, []byte(p.lock.Constraints.Text), 0o600); err != nil {
		return nil, err
	}
	if strings.ContainsAny(file, " \t") { // the variables are lists
		file = (&url.URL{Scheme: "file", Path: file}).String()
	}
	config := gitSettings(Credential{}, "")
	for _, m := range p.lock.Packages {
		mirror := (&url.URL{Scheme: "file", Path: filepath.Join(p.mirror, m.Name+".git")}).String()
		for _, address := range m.Asked {
			config = append(config, [2]string{"url." + mirror + ".insteadOf", address})
		}
	}
	out := gitVariables(config, "file")
	out = append(out, "PIP_CONFIG_FILE="+os.DevNull, "PIP_NO_INPUT=1", "PIP_CONSTRAINT="+file, "PIP_BUILD_CONSTRAINT="+file, "NETRC="+filepath.Join(p.scratch, "netrc"))
	var netrc strings.Builder
	for _, i := range p.indexes {
		if u, err := url.Parse(i.URL); err == nil && i.Password != "" {
			fmt.Fprintf(&netrc, "machine %s login %s password %s\n", u.Hostname(), i.Username, i.Password)
		}
	}
	return out, os.WriteFile(filepath.Join(p.scratch, "netrc"), []byte(netrc.String()), 0o600)
}

func (p *pip) indexArgs() []string {
	var out []string
	for n, i := range p.indexes {
		flag := "--extra-index-url"
		if n == 0 {
			flag = "--index-url"
		}
		out = append(out, flag, i.URL)
		if u, err := url.Parse(i.URL); err == nil && i.Plain {
			out = append(out, "--trusted-host", u.Host)
		}
	}
	return out
}

// exec runs a program and returns all its output, without secrets.
func (p *pip) exec(ctx context.Context, variables []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the interpreter of the image and that of the environment
	cmd.Dir = p.scratch
	cmd.Env = slices.Concat(environment(p.scratch), pythonVariables, variables)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	said := out.String()
	for _, i := range p.indexes {
		if i.Password != "" {
			said = strings.NewReplacer(i.Password, "[redacted]", url.QueryEscape(i.Password), "[redacted]").Replace(said)
		}
	}
	return said, err
}

// compile replaces all byte code by byte code without times. A module that does not compile has
// none, as in pip.
func (p *pip) compile(ctx context.Context) error {
	err := filepath.WalkDir(p.venv, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "__pycache__" {
			if err := os.RemoveAll(path); err != nil { //nolint:gosec // nobody else writes there
				return err
			}
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = p.exec(ctx, nil, p.inside(), "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash", filepath.Join(p.venv, "lib"))
	if _, exited := errors.AsType[*exec.ExitError](err); exited && ctx.Err() == nil {
		return nil
	}
	return errors.Join(err, ctx.Err())
}

// installed reads what is in the environment, sorted by name.
func (p *pip) installed() ([]Installed, error) {
	files, err := filepath.Glob(filepath.Join(p.sitePackages(), "*.dist-info", "METADATA"))
	if err != nil {
		return nil, err
	}
	commits, unnamed := map[string]string{}, map[string]bool{} // unnamed are those of which only the build knows the name
	for _, m := range p.lock.Packages {
		commits[m.Name] = m.SHA
		unnamed[m.SHA] = unnamed[m.SHA] || m.Unread != ""
	}
	var out []Installed
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		m, err := metadata.Parse(data)
		if err != nil { // the name of its folder has it, too
			m.Name, m.Version, _ = strings.Cut(strings.TrimSuffix(filepath.Base(filepath.Dir(file)), ".dist-info"), "-")
		}
		i := Installed{Name: pep508.NormalizeName(m.Name), Version: m.Version}
		if i.Commit, err = commitOf(filepath.Dir(file)); err != nil {
			return nil, err
		}
		if want := commits[i.Name]; i.Commit != want && (want != "" || !unnamed[i.Commit]) {
			return nil, fmt.Errorf("%s is installed at %s, and the lock has %s: make the lock anew", i.Name, shortCommit(i.Commit, "no commit"), strings.TrimPrefix(shortCommit(want, "no commit of it"), "commit "))
		}
		out = append(out, i)
	}
	slices.SortFunc(out, func(a, b Installed) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// commitOf is the commit from which pip installed a distribution, as pip recorded it; empty for one
// from an index or a file. https://packaging.python.org/en/latest/specifications/direct-url/
func commitOf(info string) (string, error) {
	data, err := os.ReadFile(filepath.Join(info, "direct_url.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var from struct {
		VCS struct {
			Commit string `json:"commit_id"`
		} `json:"vcs_info"`
	}
	if err := json.Unmarshal(data, &from); err != nil {
		return "", fmt.Errorf("what pip wrote down in %s cannot be read: %w", info, err)
	}
	return from.VCS.Commit, nil
}

func shortCommit(sha, none string) string {
	if !fullSHA.MatchString(sha) {
		return none
	}
	return "commit " + sha[:12]
}

var (
	cloned     = regexp.MustCompile(`Cloning (\S+?)(?: \(to revision (\S+?)\))? to `)
	dependsOn  = regexp.MustCompile(`^ {4}(\S+) (\S+) depends on (.+)$`)
	requested  = regexp.MustCompile(`^ {4}The user requested (\(constraint\) )?(.+)$`)
	notFound   = regexp.MustCompile(`(?m)^ERROR: (?:Could not find a version that satisfies the requirement|No matching distribution found for) (.+?)(?: \(from versions: .*)?$`)
	beyondLock = []string{"not allowed", "does not appear to be a git repository", "did not match any file", "couldn't find remote ref", "not our ref", "unable to read tree"}
)

// refused says in our words why pip did not install.
func (p *pip) refused(out string) *RefusedError {
	e := &RefusedError{Words: "pip could not install the set: " + lastWords(out), Output: out}
	all := cloned.FindAllStringSubmatch(out, -1)
	if len(all) > 0 && slices.ContainsFunc(beyondLock, func(s string) bool { return strings.Contains(out, s) }) {
		last := all[len(all)-1]
		if ref := last[2]; ref != "" {
			last[1] += "@" + ref
		}
		e.Words, e.Conflict = fmt.Sprintf("something in the set requires git+%s, which the lock does not hold: it is computed by a build, so name it in software.packages", text.Plain(last[1], 200)), true
		return e
	}
	if words := p.conflict(out); words != "" {
		e.Words, e.Conflict = words, true
		return e
	}
	if m := notFound.FindStringSubmatch(out); m != nil {
		e.Words, e.Conflict = fmt.Sprintf("no release fits %s%s", text.Plain(m[1], 200), p.pinOf(m[1])), true
	}
	return e
}

// conflict words the cause that pip gives, one clause for each requirement and pin.
func (p *pip) conflict(out string) string {
	_, cause, found := strings.Cut(out, "The conflict is caused by:\n")
	if !found {
		return ""
	}
	var clauses []string
	for line := range strings.Lines(cause) {
		line = strings.TrimRight(line, "\r\n")
		if m := dependsOn.FindStringSubmatch(line); m != nil {
			clauses = append(clauses, fmt.Sprintf("%s %s requires %s", m[1], m[2], m[3]))
		} else if m := requested.FindStringSubmatch(line); m != nil {
			clauses = append(clauses, p.wish(m[2], m[1] != ""))
		} else {
			break
		}
	}
	for i := range clauses {
		clauses[i] = text.Plain(clauses[i], 200)
	}
	if len(clauses) > 8 {
		clauses = append(clauses[:8], fmt.Sprintf("%d more", len(clauses)-8))
	}
	return strings.Join(slices.Compact(clauses), ", and ")
}

// wish words a requirement: a pin with its line, or a member.
func (p *pip) wish(requirement string, pinned bool) string {
	if !pinned {
		return "the set has " + requirement
	}
	if at := p.pinOf(requirement); at != "" {
		return strings.TrimPrefix(at, ", and ")
	}
	return "the constraints have " + requirement
}

// pinOf is the pin with the name of a requirement, with its place, as a clause; empty if there is
// none.
func (p *pip) pinOf(requirement string) string {
	name := requirement
	if end := strings.IndexFunc(name, func(r rune) bool {
		return !strings.ContainsRune("-_.", r) && (r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z')
	}); end >= 0 {
		name = name[:end]
	}
	slots := p.constraints.Slots(pep508.NormalizeName(name))
	if len(slots) == 0 {
		return ""
	}
	pin := p.constraints.Pins[slots[0]]
	return fmt.Sprintf(", and %s:%d pins %s%s%s", p.lock.Constraints.Source, pin.Line, pin.Name, pin.Op, pin.Version.Raw())
}
