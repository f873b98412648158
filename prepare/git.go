package prepare

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/text"
)

// Credential is a user and a secret for one host. They reach git only through the environment of
// its process: no argument and no address has them.
type Credential struct {
	Address      string // scheme and host
	User, Secret string
}

// git runs the git of this machine in an environment of its own: without the configuration of the
// user or the system, without prompts and redirects, and only over the named protocols.
type git struct {
	scratch   string // a folder of its own, as its home
	protocols string // "https", or "https:http", or "file"
	config    [][2]string
}

// gitSettings are the settings of every call of git.
func gitSettings(credential Credential, caFile string) [][2]string {
	out := [][2]string{
		{"http.followRedirects", "false"}, {"core.hooksPath", os.DevNull}, {"core.autocrlf", "false"}, {"core.fsmonitor", "false"},
		{"protocol.version", "2"}, {"gc.auto", "0"}, {"advice.detachedHead", "false"}, {"init.defaultBranch", "main"}, {"safe.directory", "*"},
	}
	if caFile != "" {
		out = append(out, [2]string{"http.sslCAInfo", caFile})
	}
	if credential.Secret != "" {
		basic := base64.StdEncoding.EncodeToString([]byte(credential.User + ":" + credential.Secret))
		out = append(out, [2]string{"http." + credential.Address + "/.extraHeader", "Authorization: Basic " + basic})
	}
	return out
}

// passed are the variables of the machine that git and pip get, besides those of compilers: paths
// of programs, proxies, and certificates.
var passed = []string{"PATH", "LANG", "TZ", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "all_proxy", "ALL_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "LD_LIBRARY_PATH"}

// compilers are the variables of the machine that change what a build of a project
// gives. They are part of the key.
var compilers = []string{"CC", "CFLAGS", "CPPFLAGS", "CXX", "CXXFLAGS", "LDFLAGS", "MAKEFLAGS", "PKG_CONFIG_PATH"}

// buildVariables are the variables of compilers that are set, as NAME=value.
func buildVariables() []string {
	var out []string
	for _, name := range compilers {
		if value, ok := os.LookupEnv(name); ok {
			out = append(out, name+"="+value)
		}
	}
	return out
}

// environment is the part of the machine's environment that passed names, with a home and a folder
// for scratch files of its own.
func environment(scratch string) []string {
	var out []string
	for _, name := range passed {
		if value, ok := os.LookupEnv(name); ok {
			out = append(out, name+"="+value)
		}
	}
	out = append(out, buildVariables()...)
	return append(out, "HOME="+scratch, "TMPDIR="+scratch, "XDG_CONFIG_HOME="+scratch, "XDG_CACHE_HOME="+scratch)
}

// gitVariables carry the settings of git to it, and to the git that pip starts.
func gitVariables(config [][2]string, protocols string) []string {
	out := []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=", "GIT_ALLOW_PROTOCOL=" + protocols,
		"GIT_LFS_SKIP_SMUDGE=1", "GIT_CONFIG_COUNT=" + strconv.Itoa(len(config)),
	}
	for i, setting := range config {
		out = append(out, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, setting[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, setting[1]))
	}
	return out
}

// gitError is the last message of git.
type gitError struct {
	said string
	err  error
}

func (e *gitError) Error() string { return e.said }
func (e *gitError) Unwrap() error { return e.err }

// saidBy is the error of a git that ended: its last message, or how it ended if it printed none.
func saidBy(complaints string, err error) error {
	if strings.TrimSpace(complaints) == "" {
		complaints = err.Error()
	}
	return &gitError{lastWords(complaints), err}
}

// run runs git in a folder and returns what it printed.
func (g *git) run(ctx context.Context, dir string, args ...string) ([]byte, error) {
	return g.runIn(ctx, dir, nil, args...)
}

// runIn is run with further variables.
func (g *git) runIn(ctx context.Context, dir string, variables []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...) //nolint:gosec // refs and addresses were judged, and none begins with a dash
	cmd.Dir = dir
	cmd.Env = append(append(environment(g.scratch), "LC_ALL=C"), append(gitVariables(g.config, g.protocols), variables...)...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return nil, mistake("there is no git on this machine: add it to the image")
	case err != nil:
		return nil, saidBy(complaints.String(), err)
	}
	return out.Bytes(), nil
}

// lastWords is the last line of git's messages that says what was wrong.
func lastWords(complaints string) string {
	said := "it said nothing"
	for line := range strings.Lines(complaints) {
		line = strings.TrimSpace(line)
		if line != "" && (strings.HasPrefix(line, "fatal: ") || strings.HasPrefix(line, "error: ") || !strings.HasPrefix(said, "fatal: ")) {
			said = line
		}
	}
	return text.Plain(strings.TrimPrefix(strings.TrimPrefix(said, "fatal: "), "error: "), 300)
}

// absentRef says that a repository has no such ref.
func absentRef(err error) bool {
	var g *gitError
	return errors.As(err, &g) && (strings.Contains(g.said, "find remote ref") || strings.Contains(g.said, "not our ref") || strings.Contains(g.said, "upload-pack: not our ref"))
}

// explainGit says in our words why a repository could not be read.
func explainGit(s Source, err error) error {
	var g *gitError
	switch {
	case !errors.As(err, &g):
		return err
	case strings.Contains(g.said, "Authentication failed"), strings.Contains(g.said, "could not read Username"), strings.Contains(g.said, "error: 403"):
		return fmt.Errorf("%s does not let us in: give the token of PINWHEEL_GITLAB_TOKEN the scope read_repository and its user the role Reporter, or let the project's CI/CD job token in", s.Repository)
	case strings.Contains(g.said, "not found"):
		return mistake("there is no repository %s, or the token's user may not see it: check the name and the membership", s.Repository)
	case strings.Contains(g.said, "requested URL returned error: 30"), strings.Contains(g.said, "redirect"):
		return mistake("%s was moved, and is not followed so that the token goes nowhere else: write its present address", s.Repository)
	}
	return fmt.Errorf("%s could not be read: git says: %s", s.Repository, g.said)
}

// mirrors makes frozen repositories, one for each address and ref that is asked for,
// below a folder.
type mirrors struct {
	git *git
	dir string
	had map[string]*mirror
	at  map[string]string // commits that replace that of an address and ref
}

type mirror struct {
	path string
	sha  string
}

// checkout is a [checkout]: it fetches a ref with its history, and the tags within it.
func (m *mirrors) checkout(ctx context.Context, s Source) (tree, error) {
	key := s.home() + "@" + s.Ref
	made, there := m.had[key]
	if !there {
		made = &mirror{path: filepath.Join(m.dir, fmt.Sprintf("%d.git", len(m.had)))}
		if err := m.fetch(ctx, s, made); err != nil {
			return tree{}, err
		}
		m.had[key] = made
	}
	return tree{made.sha, func(path string) ([]byte, bool, error) { return m.read(ctx, made, path) }}, nil
}

// lockedRef is where the locked commit is in a mirror.
const lockedRef = "refs/pinwheel/locked"

func (m *mirrors) fetch(ctx context.Context, s Source, made *mirror) error {
	if _, err := m.git.run(ctx, m.dir, "init", "-q", "--bare", "--template=", made.path); err != nil {
		return err
	}
	// A branch comes before a tag of the same name, as in pip.
	refs := []string{"refs/heads/" + s.Ref, "refs/tags/" + s.Ref}
	switch {
	case s.Ref == "":
		refs = []string{"HEAD"}
	case fullSHA.MatchString(s.Ref), strings.HasPrefix(s.Ref, "refs/"):
		refs = []string{s.Ref}
	}
	if sha, there := m.at[s.home()+"@"+s.Ref]; there {
		refs = []string{sha}
	}
	var err error
	for _, ref := range refs {
		_, err = m.git.run(ctx, made.path, "fetch", "-q", "--no-write-fetch-head", "--no-recurse-submodules", s.Repository, "+"+ref+":"+lockedRef)
		if !absentRef(err) {
			break
		}
	}
	switch {
	case absentRef(err):
		return mistake("%s has no branch, tag or commit %s: correct the name, or push it", s.Repository, s.Ref)
	case err != nil:
		return explainGit(s, err)
	}
	sha, err := m.git.run(ctx, made.path, "rev-parse", "--verify", "-q", lockedRef+"^{commit}")
	if err != nil {
		return mistake("%s: %s is no commit", s.Repository, s.Ref)
	}
	made.sha = strings.TrimSpace(string(sha))
	return nil
}

// maxSource bounds a file that says what a project requires.
const maxSource = 1 << 20

func (m *mirrors) read(ctx context.Context, made *mirror, path string) ([]byte, bool, error) {
	list, err := m.git.run(ctx, made.path, "ls-tree", "-z", "-l", made.sha, "--", path)
	if err != nil {
		return nil, false, err
	}
	fields := strings.Fields(string(list))
	if len(fields) < 4 || fields[1] != "blob" {
		return nil, false, nil
	}
	if size, err := strconv.Atoi(fields[3]); err != nil || size > maxSource {
		return nil, false, mistake("%s is larger than 1 MiB, so what it requires is not read", path)
	}
	data, err := m.git.run(ctx, made.path, "cat-file", "blob", fields[2])
	return data, err == nil, err
}

// keep moves the mirror of a member to its place. There it answers every ref of refs, and the
// default branch, with the locked commit.
func (m *mirrors) keep(ctx context.Context, s Source, name string, refs []string) error {
	made := m.had[s.home()+"@"+s.Ref]
	to := filepath.Join(m.dir, name+".git")
	if err := os.CopyFS(to, os.DirFS(made.path)); err != nil {
		return err
	}
	var orders strings.Builder
	named := func(ref string) {
		if strings.HasPrefix(ref, "refs/") {
			fmt.Fprintf(&orders, "update %s %s\n", ref, made.sha)
			return
		}
		fmt.Fprintf(&orders, "update refs/heads/%s %s\n", ref, made.sha)
	}
	head := "pinwheel-locked"
	for _, ref := range refs {
		if fullSHA.MatchString(ref) {
			continue // a commit is its own answer
		}
		if !strings.HasPrefix(ref, "refs/") {
			head = ref
			if _, err := m.git.run(ctx, to, "rev-parse", "-q", "--verify", "refs/tags/"+ref); err == nil {
				fmt.Fprintf(&orders, "delete refs/tags/%s\n", ref)
			}
		}
		named(ref)
	}
	if head == "pinwheel-locked" {
		named(head)
	}
	fmt.Fprintf(&orders, "delete %s\n", lockedRef)
	if err := m.update(ctx, to, orders.String()); err != nil {
		return err
	}
	_, err := m.git.run(ctx, to, "symbolic-ref", "HEAD", "refs/heads/"+head)
	return err
}

// update changes the refs of a mirror at once.
func (m *mirrors) update(ctx context.Context, path, orders string) error {
	file := filepath.Join(m.git.scratch, "orders")
	if err := os.WriteFile(file, []byte(orders), 0o600); err != nil {
		return err
	}
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	cmd := exec.CommandContext(ctx, "git", "update-ref", "--stdin")
	cmd.Dir, cmd.Stdin = path, in
	cmd.Env = append(environment(m.git.scratch), gitVariables(m.git.config, m.git.protocols)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return saidBy(string(out), err)
	}
	return nil
}

// drop removes what keep did not move.
func (m *mirrors) drop() error {
	for _, made := range m.had {
		if err := os.RemoveAll(made.path); err != nil {
			return err
		}
	}
	return nil
}
