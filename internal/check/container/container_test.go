package container

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

var twice = flag.Bool("container.twice", false, "build the program a second time with an empty cache, which takes minutes")

// image is what the Dockerfile says.
type image struct {
	build []string // arguments of go
	uid   uint32
	check []string // the health check
	text  string
}

func read(t *testing.T) image {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testenv.Root(t), "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	out := image{text: string(data)}
	line := regexp.MustCompile(`CGO_ENABLED=0 go (build .*) -ldflags="([^"]*)" -o /pinwheel (\S+)`).FindStringSubmatch(out.text)
	user := regexp.MustCompile(`(?m)^USER (\d+):\d+$`).FindStringSubmatch(out.text)
	check := regexp.MustCompile(`(?m)^HEALTHCHECK .*CMD \[(.*)\]$`).FindStringSubmatch(out.text)
	if line == nil || user == nil || check == nil || !strings.Contains(out.text, "\nFROM scratch\n") || !strings.Contains(out.text, "ca-certificates.crt /etc/ssl/certs/") {
		t.Fatalf("the Dockerfile is not what this test knows:\n%s", data)
	}
	out.build = append(strings.Fields(line[1]), "-ldflags="+line[2], line[3])
	if _, err := fmt.Sscan(user[1], &out.uid); err != nil {
		t.Fatal(err)
	}
	for word := range strings.SplitSeq(check[1], ",") {
		out.check = append(out.check, strings.Trim(word, ` "`))
	}
	return out
}

// compile builds the program into file from a source folder, with a cache.
func (i image) compile(t *testing.T, source, file string, env ...string) {
	t.Helper()
	args := slices.Insert(slices.Clone(i.build), len(i.build)-1, "-o", file)
	cmd := exec.CommandContext(t.Context(), testenv.Command(t, "go"), args...)
	cmd.Dir, cmd.Env = source, append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
}

const pins = "boto3==1.34.39\nidna==3.6\n"

// program is the file that the image has, which is built once for all tests.
func (i image) program(t *testing.T) string {
	t.Helper()
	once.Do(func() { i.compile(t, testenv.Root(t), filepath.Join(folder, "pinwheel")) })
	file := filepath.Join(folder, "pinwheel")
	if _, err := os.Stat(file); err != nil {
		t.Fatal("it could not be built")
	}
	return file
}

var (
	folder string // has that program
	once   sync.Once
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "pinwheel-container-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		folder = dir
		return m.Run()
	}())
}

// A run, the health check and an unwritable root, as the image's user.
func TestEmptyReadOnlyRoot(t *testing.T) {
	testenv.Unraced(t, "the program that it starts is built without it")
	testenv.Need(t, os.Getuid() == 0, "the rights of root, to change the root folder")
	i, root := read(t), t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "cp", i.program(t), root).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v\n%s", err, out)
	}
	now := time.Now()
	gitlab := gitlabsim.New(gitlabsim.Options{Now: time.Now})
	gitlab.AddBot("pinwheel-bot", "pinwheel")
	project := gitlab.AddProject("group/project", "main", map[string]string{"constraints.txt": pins})
	gitlab.AddMember(project, "pinwheel-bot", gitlabsim.Developer)
	index := pypisim.New(pypisim.Options{Now: time.Now})
	if err := index.Load("boto3 1.34.39 2024-02-09\nboto3 1.34.41 2025-12-20\nidna 3.6 2023-11-25"); err != nil {
		t.Fatal(err)
	}
	servers := [2]*httptest.Server{httptest.NewServer(gitlab), httptest.NewServer(index)}
	for _, s := range servers {
		t.Cleanup(s.Close)
	}
	gitlab.SetBaseURL(servers[0].URL)
	config := fmt.Sprintf("gitlab: {url: %q}\nindex: {url: %q}\nprojects:\n  - {path: group/project, window: \"* * * * *\", timezone: Pacific/Chatham}\n", servers[0].URL, servers[1].URL+"/simple/")
	furnish(t, i, root, config)
	light(t, filepath.Join(root, "pinwheel"))

	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "/pinwheel", args...)
		cmd.Dir = "/data"
		cmd.Env = []string{"PINWHEEL_GITLAB_TOKEN=" + gitlab.Token("pinwheel-bot")}
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: i.uid, Gid: i.uid}}
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		err := cmd.Run()
		return said.String(), err
	}
	if out, err := run("run", "--config", "/etc/pinwheel/pinwheel.yaml"); err != nil {
		t.Fatalf("run: %v\n%s", err, out)
	}
	if mrs := project.MRs(); len(mrs) != 1 || mrs[0].SourceBranch != "pinwheel/boto3-1.x" {
		t.Errorf("it opened %v", mrs)
	}
	if out, err := run(i.check[1:]...); err != nil || !strings.Contains(out, "group/project: the last run ended "+now.UTC().Format("2006-01-02")) {
		t.Errorf("health check: %v\n%s", err, out)
	}
	written := map[string]bool{}
	_ = filepath.WalkDir(root, func(path string, d os.DirEntry, _ error) error {
		if info, err := d.Info(); err == nil && !d.IsDir() && info.Sys().(*syscall.Stat_t).Uid == i.uid {
			written[filepath.Dir(strings.TrimPrefix(path, root))] = true
		}
		return nil
	})
	if len(written) != 1 || !written["/data"] {
		t.Errorf("it wrote to %v", written)
	}
}

// A proxy of the environment carries all that goes to GitLab and to the index; the
// names behind it are known to nobody else.
func TestProxy(t *testing.T) {
	testenv.Unraced(t, "the program that it starts is built without it")
	i, dir := read(t), t.TempDir()
	program := i.program(t)
	gitlab := gitlabsim.New(gitlabsim.Options{Now: time.Now})
	gitlab.AddBot("pinwheel-bot", "pinwheel")
	project := gitlab.AddProject("group/project", "main", map[string]string{"constraints.txt": pins})
	gitlab.AddMember(project, "pinwheel-bot", gitlabsim.Developer)
	gitlab.SetBaseURL("http://gitlab.invalid")
	index := pypisim.New(pypisim.Options{Now: time.Now})
	if err := index.Load("boto3 1.34.39 2024-02-09\nidna 3.6 2023-11-25"); err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Host {
		case "gitlab.invalid":
			gitlab.ServeHTTP(w, r)
		case "index.invalid":
			index.ServeHTTP(w, r)
		default:
			http.Error(w, "no such host: "+r.URL.Host, http.StatusBadGateway)
		}
	}))
	t.Cleanup(proxy.Close)
	text := "gitlab: {url: http://gitlab.invalid, allow_http: true}\nindex: {url: http://index.invalid/simple/, allow_http: true}\nprojects:\n  - {path: group/project}\n"
	if err := os.WriteFile(filepath.Join(dir, "pinwheel.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "run")
	cmd.Dir = dir
	cmd.Env = []string{"PINWHEEL_GITLAB_TOKEN=" + gitlab.Token("pinwheel-bot"), "HTTP_PROXY=" + proxy.URL}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(project.Issues()) != 1 {
		t.Error("there is no dashboard")
	}
}

// furnish makes the root of the image: a program, a configuration, and the two
// folders that its user may write to.
func furnish(t *testing.T, i image, root, config string) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(root, "etc/pinwheel"), 0o755))
	must(os.WriteFile(filepath.Join(root, "etc/pinwheel/pinwheel.yaml"), []byte(config), 0o444))
	for _, folder := range []string{"data", "tmp"} {
		must(os.Mkdir(filepath.Join(root, folder), 0o755))
		must(os.Chown(filepath.Join(root, folder), int(i.uid), int(i.uid)))
	}
	must(os.Chmod(root, 0o555)) // it has to be entered, and not written to
	for dir := filepath.Dir(root); dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		must(os.Chmod(dir, 0o755))
	}
	t.Cleanup(func() { _ = os.Chmod(root, 0o755) }) // so that it can be removed
}

// The program is the same from another folder and an empty build cache.
func TestReproducible(t *testing.T) {
	if !*twice {
		t.Skip("builds everything with an empty cache: -container.twice, as .ci/run does")
	}
	i, dir := read(t), t.TempDir()
	source := testenv.Root(t)
	files := [2]string{filepath.Join(dir, "one"), filepath.Join(dir, "two")}
	other := filepath.Join(dir, "elsewhere", "deeper")
	if out, err := exec.CommandContext(t.Context(), "git", "clone", "-q", source, other).CombinedOutput(); err != nil {
		t.Fatalf("clone: %v\n%s", err, out)
	}
	clean, err := exec.CommandContext(t.Context(), "git", "-C", source, "status", "--porcelain", "--untracked-files=no").Output()
	if err != nil {
		t.Fatal(err)
	}
	vcs := "GOFLAGS="
	if len(clean) > 0 {
		vcs = "GOFLAGS=-buildvcs=false" // a clone knows nothing of what is not committed
		if out, err := exec.CommandContext(t.Context(), "sh", "-c", `cd "$1" && git ls-files -z | tar -c --null -T - | tar -x -C "$2"`, "-", source, other).CombinedOutput(); err != nil {
			t.Fatalf("copy: %v\n%s", err, out)
		}
	}
	i.compile(t, source, files[0], vcs) // with the cache that is there
	i.compile(t, other, files[1], "GOCACHE="+filepath.Join(dir, "cache"), vcs)
	var built [2][]byte
	for k, file := range files {
		if built[k], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(built[0], built[1]) {
		t.Error("two builds of the same source differ")
	}
}

// light wants a program that is small and starts at once.
func light(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if mib := float64(info.Size()) / (1 << 20); mib >= 48 {
		t.Errorf("the program has %.1f MiB", mib)
	} else {
		t.Logf("the program has %.1f MiB", mib)
	}
	// Other tests run beside this one: of many starts the best tells.
	const starts = 40
	var took []time.Duration
	for range starts {
		begin := time.Now()
		if out, err := exec.CommandContext(t.Context(), file, "version").CombinedOutput(); err != nil {
			t.Fatalf("version: %v\n%s", err, out)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	if t.Logf("it starts in %s, at best %s", took[starts/2], took[0]); took[0] >= 50*time.Millisecond {
		t.Error("that is no start at once")
	}
}
