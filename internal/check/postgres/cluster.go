package postgres

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// Cluster is a PostgreSQL of its own. It runs while the test program does.
type Cluster struct {
	dir, bin string
	port     int
	password string
	url      string
	alive    io.WriteCloser // the server ends when this is closed
	cmd      *exec.Cmd
}

// script starts the server and ends it when standard input ends, so that no server outlives the
// test program, whatever ends that.
const script = `
bin=$1; dir=$2; port=$3; shift 3
[ -e "$dir/data/PG_VERSION" ] ||
	"$bin/initdb" -D "$dir/data" -U pinwheel --pwfile="$dir/password" -A scram-sha-256 -E UTF8 --locale=C --no-sync || exit 1
"$bin/postgres" -D "$dir/data" -p "$port" -k "$dir" -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off \
	-c shared_buffers=16MB -c max_connections=200 &
server=$!
cat >/dev/null
kill -QUIT "$server"
wait "$server"
[ -e "$dir/keep" ] || rm -rf "$dir"
`

// binaries is the folder of the installed PostgreSQL, the newest; empty where there is none.
func binaries() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian keeps versions beside each other
	slices.Sort(found)
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

// start starts a cluster in a folder, or in a new one where dir is empty.
func start(dir string) (*Cluster, error) {
	c := &Cluster{bin: binaries(), dir: dir, password: rand.Text()}
	if dir == "" {
		var err error
		if c.dir, err = os.MkdirTemp("", "pinwheel-pg-"); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(c.dir, "password"), []byte(c.password+"\n"), 0o600); err != nil {
		return nil, err
	}
	return c, c.launch()
}

// Start starts a cluster for a program that is no test. Stop ends it.
func Start() (*Cluster, error) {
	if binaries() == "" {
		return nil, errors.New("PostgreSQL is not installed")
	}
	return start("")
}

// Address is that of a database of the cluster, and the password of its user, which the address lacks.
func (c *Cluster) Address() (address, password string) {
	return strings.Replace(c.url, ":"+c.password+"@", "@", 1), c.password
}

// Processes are those of the server, the first of which began the others; none where it is not at
// work.
func (c *Cluster) Processes() []int {
	text, err := os.ReadFile(filepath.Join(c.dir, "data", "postmaster.pid"))
	first, _, _ := strings.Cut(string(text), "\n")
	pid, notNumber := strconv.Atoi(first)
	if err != nil || notNumber != nil {
		return nil
	}
	all := []int{pid}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for child := range strings.FieldsSeq(string(children)) {
		if n, err := strconv.Atoi(child); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// launch runs the server and waits until it answers.
func (c *Cluster) launch() error {
	var last error
	for range 5 { // another program may take the port first
		if c.port == 0 {
			port, err := free()
			if err != nil {
				return err
			}
			c.port = port
		}
		if last = c.once(); last == nil {
			return nil
		}
		c.port = 0
	}
	return last
}

func (c *Cluster) once() error {
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c.cmd = exec.Command("/bin/sh", "-c", script, "sh", c.bin, c.dir, strconv.Itoa(c.port))
	c.cmd.Dir, c.cmd.Env = "/", append(os.Environ(), "LC_ALL=C")
	c.cmd.Stdout, c.cmd.Stderr = log, log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.unprivileged(); err != nil {
		return err
	}
	if c.alive, err = c.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func(cmd *exec.Cmd) { _ = cmd.Wait(); close(ended) }(c.cmd) // Resume makes another one
	c.url = fmt.Sprintf("postgres://pinwheel:%s@127.0.0.1:%d/postgres?sslmode=disable", c.password, c.port)
	for deadline := time.Now().Add(time.Minute); ; {
		if last := command(c.url, "SELECT 1"); last == nil {
			return nil
		} else if time.Now().After(deadline) {
			return fmt.Errorf("PostgreSQL does not answer: %w", last)
		}
		select {
		case <-ended:
			text, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("PostgreSQL ended: %s", strings.TrimSpace(string(text)))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// unprivileged makes the command run as a user without rights, since initdb refuses root.
func (c *Cluster) unprivileged() error {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		c.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		for _, path := range []string{c.dir, filepath.Join(c.dir, "password")} {
			if err := os.Chown(path, int(uid), int(gid)); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.New("PostgreSQL refuses root, and there is neither a user postgres nor nobody")
}

// Stop ends the server at once, as a machine that dies, and removes the cluster.
func (c *Cluster) Stop() { c.end() }

// Pause ends the server at once and keeps its data, for Resume.
func (c *Cluster) Pause() error {
	if err := os.WriteFile(filepath.Join(c.dir, "keep"), nil, 0o600); err != nil {
		return err
	}
	c.end()
	return nil
}

// Resume starts a server that Pause ended, on the same port.
func (c *Cluster) Resume() error {
	if err := os.Remove(filepath.Join(c.dir, "keep")); err != nil {
		return err
	}
	return c.once()
}

func (c *Cluster) end() {
	_ = c.alive.Close()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if syscall.Kill(c.cmd.Process.Pid, 0) != nil {
			return
		}
	}
}

// free is a port of loopback that nobody has now.
func free() (int, error) {
	address, err := testenv.FreeAddress()
	if err != nil {
		return 0, err
	}
	_, port, _ := strings.Cut(address, ":")
	return strconv.Atoi(port)
}
