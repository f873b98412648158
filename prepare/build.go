package prepare

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Building has the parameters of Build.
type Building struct {
	Dir     string // the folder of the lock, to which the tarball is added
	given   string // Dir as the caller wrote it, for use.sh
	Image   Image
	Root    string // "" is DefaultRoot
	Python  string // "" is python3
	Indexes []Index
	// Compression is that of the tarball; "" is Gzip.
	Compression Compression
	Clock       func() time.Time // for Took; nil measures nothing
}

// DefaultRoot is where a set is unpacked.
const DefaultRoot = "/opt/pinwheel"

// Built is the result of a build.
type Built struct {
	Record   Record
	Findings []Finding     // differences between what is installed and what is pinned
	Pip, All time.Duration // how long each took; zero without a clock
}

// Prepared is a build before anything is made: it has its lock, its interpreter, and so its key.
type Prepared struct {
	Lock        Lock
	Key         string
	Interpreter Interpreter

	with    Building
	scratch string
}

// Close removes what Prepare made outside the folder.
func (p *Prepared) Close() { os.RemoveAll(p.scratch) }

// Prepare reads the lock and asks the interpreter of this image what it is. Both give the key.
func Prepare(ctx context.Context, b Building) (*Prepared, error) {
	if b.Root == "" {
		b.Root = DefaultRoot
	}
	b.Python, b.Compression = cmp.Or(b.Python, "python3"), cmp.Or(b.Compression, Gzip)
	if !ImageName(b.Image.Name) {
		return nil, mistake("%q is not a name for an image: write small letters, digits, ., _ and - alone", b.Image.Name)
	}
	var err error
	b.given = b.Dir
	if b.Dir, err = filepath.Abs(b.Dir); err != nil {
		return nil, err
	}
	if !goodRoot(b.Root) {
		return nil, mistake("%q is not a path that a set can be unpacked to: write an absolute one, such as %s", b.Root, DefaultRoot)
	}
	l, err := LoadLock(b.Dir)
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "pinwheel-prepare-*")
	if err != nil {
		return nil, err
	}
	p := &Prepared{Lock: l, with: b, scratch: scratch}
	if p.Interpreter, err = interpreter(ctx, b.Python, scratch); err != nil {
		p.Close()
		return nil, err
	}
	p.Key = target{l.Digest(), p.Interpreter, b.Image, b.Root, b.Compression, buildVariables()}.key()
	return p, nil
}

// Build makes the set at its root, packs it, and writes the tarball, its record and the script for
// jobs into the folder of the lock. If pip refuses, the error is a *RefusedError.
func (p *Prepared) Build(ctx context.Context) (Built, error) {
	now := p.with.Clock
	if now == nil {
		now = func() time.Time { return time.Time{} }
	}
	began := now()
	if _, err := GitVersion(ctx); err != nil {
		return Built{}, err
	}
	file, err := checkConstraints(p.Lock.Constraints.Source, []byte(p.Lock.Constraints.Text))
	if err != nil {
		return Built{}, err
	}
	if err := p.clear(); err != nil {
		return Built{}, err
	}
	env := &pip{
		python: p.Interpreter.Executable, venv: filepath.Join(p.with.Root, "venv"), scratch: p.scratch, lock: p.Lock,
		mirror: filepath.Join(p.with.Dir, MirrorName), indexes: p.with.Indexes, constraints: file,
	}
	started := now()
	if err := env.install(ctx); err != nil {
		return Built{}, err
	}
	out := Built{Pip: now().Sub(started)}
	installed, err := env.installed()
	if err != nil {
		return Built{}, err
	}
	out.Findings = compare(installed, file)
	for _, d := range p.Lock.Data {
		if err := p.data(ctx, d); err != nil {
			return Built{}, err
		}
	}
	if out.Record, err = p.pack(ctx, installed); err != nil {
		return Built{}, err
	}
	out.All = now().Sub(began)
	return out, nil
}

// clear empties a root that is absent, empty, or that of a set. It refuses any other.
func (p *Prepared) clear() error {
	if err := ours(p.with.Root); err != nil {
		return err
	}
	if err := os.RemoveAll(p.with.Root); err != nil {
		return err
	}
	if err := os.MkdirAll(p.with.Root, 0o755); err != nil { //nolint:gosec // others run what is in it
		return mistake("%s cannot be made: run as a user who may, or set software.path", p.with.Root)
	}
	// From here on the root is recognised as a set's, also after a build that was cut short.
	return p.write(manifestName, []byte("{}\n"))
}

func (p *Prepared) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(p.with.Root, name), data, 0o644) //nolint:gosec // others read it
}

// data writes the files of a data project.
func (p *Prepared) data(ctx context.Context, d Data) error {
	g := &git{p.scratch, "file", gitSettings(Credential{}, "")}
	to := filepath.Join(p.with.Root, "data", d.Name)
	if err := os.MkdirAll(to, 0o755); err != nil { //nolint:gosec // others read what is in it
		return err
	}
	mirror := filepath.Join(p.with.Dir, MirrorName, dataMirror(d.Name)+".git")
	variables := []string{"GIT_INDEX_FILE=" + filepath.Join(p.scratch, "index-"+d.Name)}
	for _, args := range [][]string{
		{"--git-dir", mirror, "--work-tree", to, "read-tree", d.SHA},
		{"--git-dir", mirror, "--work-tree", to, "checkout-index", "--all", "--force", "--prefix=" + to + "/"},
	} {
		if _, err := g.runIn(ctx, to, variables, args...); err != nil {
			return fmt.Errorf("the tree of %s could not be written: %w; make the lock anew", d.Name, err)
		}
	}
	return nil
}

// pack writes tarball, record and script.
func (p *Prepared) pack(ctx context.Context, installed []Installed) (Record, error) {
	if err := p.write(LockName, p.Lock.packed()); err != nil {
		return Record{}, err
	}
	members, err := survey(p.with.Root, p.Interpreter.Executable)
	if err != nil {
		return Record{}, err
	}
	m := Manifest{1, p.Key, p.Lock.Digest(), p.with.Image, p.Interpreter, p.with.Root, members}
	if err := p.write(manifestName, indented(m)); err != nil {
		return Record{}, err
	}
	r := Record{
		Format: 1, Key: p.Key, Lock: m.Lock, Image: p.with.Image, Interpreter: p.Interpreter, Root: p.with.Root,
		Variables: buildVariables(), Installed: installed, Data: []string{}, Overridden: append([]string{}, p.Lock.Overridden()...),
	}
	for _, d := range p.Lock.Data {
		r.Data = append(r.Data, d.Name)
	}
	r.Tarball, err = tarballAt(p.with.Dir, tarballName(r.Image.Name, p.with.Compression), func(to io.Writer) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return pack(to, p.with.Root, m, p.with.Compression)
	})
	if err != nil {
		return Record{}, err
	}
	if err := p.write(digestName, []byte(r.Tarball.SHA256+"\n")); err != nil {
		return Record{}, err
	}
	return r, p.Keep(r)
}

// Keep writes the record of a tarball that is in the folder, and the script for jobs.
func (p *Prepared) Keep(r Record) error { return Keep(cmp.Or(p.with.given, p.with.Dir), r) }

// Keep writes the record of a tarball that is in a folder, and the script for jobs, which names the
// folder as dir is written.
func Keep(dir string, r Record) error {
	if err := writeWhole(filepath.Join(dir, recordName(r.Image.Name)), r.encode()); err != nil {
		return err
	}
	return writeWhole(filepath.Join(dir, ScriptName), []byte(UseScript(r, dir)))
}

// tarballAt writes a tarball into a folder, whole or not at all.
func tarballAt(dir, name string, fill func(io.Writer) error) (Tarball, error) {
	f, err := os.CreateTemp(dir, ".pinwheel-tarball-*")
	if err != nil {
		return Tarball{}, err
	}
	defer os.Remove(f.Name())
	sum := sha256.New()
	count := &counter{to: io.MultiWriter(f, sum)}
	err = fill(count)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return Tarball{}, err
	}
	t := Tarball{name, hex.EncodeToString(sum.Sum(nil)), count.n}
	return t, os.Rename(f.Name(), filepath.Join(dir, t.Name))
}

// digester computes the digest of what is written through it.
type digester struct {
	to  io.Writer
	sum hash.Hash
}

func (d *digester) Write(p []byte) (int, error) {
	if d.sum == nil {
		d.sum = sha256.New()
	}
	n, err := d.to.Write(p)
	d.sum.Write(p[:n])
	return n, err
}

func (d *digester) digest() string {
	if d.sum == nil {
		return digestOf(nil)
	}
	return hex.EncodeToString(d.sum.Sum(nil))
}

type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}

// writeWhole writes data to a file, whole or not at all.
func writeWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".pinwheel-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(fs.FileMode(0o644)), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
