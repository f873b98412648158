package prepare

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Limits bound a tarball.
type Limits struct {
	Bytes   int64 // unpacked; 0 is 8 GiB
	Members int   // 0 is 500,000
}

const (
	maxUnpacked = 8 << 30
	maxMembers  = 500_000
	maxManifest = 128 << 20
)

// Unpacking says where a tarball is unpacked.
type Unpacking struct {
	Root   string // "" is where it was built for
	Limits Limits
	// Interpreter is the Python of this machine. It must be that of the build.
	Interpreter Interpreter
	SHA256      string // that the tarball has to have; "" for any
}

// Unpack unpacks a tarball into its root, whole or not at all. It writes only files, folders and
// links below the root, and the links of the virtual environment to the interpreter. Modes are
// those of a file or a program, and every byte is that of the manifest. It replaces a root to which
// a set was unpacked, and refuses any other that exists.
func Unpack(ctx context.Context, tarball string, u Unpacking) (Manifest, error) {
	if u.Limits.Bytes == 0 {
		u.Limits.Bytes = maxUnpacked
	}
	if u.Limits.Members == 0 {
		u.Limits.Members = maxMembers
	}
	f, err := os.Open(tarball)
	if err != nil {
		return Manifest{}, mistake("%s cannot be read: check the name, or take the artifacts of the job that built it", tarball)
	}
	defer f.Close()
	if u.SHA256, err = sameDigest(f, u.SHA256); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", tarball, err)
	}
	m, err := u.unpack(ctx, f)
	if err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", tarball, err)
	}
	return m, nil
}

// sameDigest is the digest of a file. It returns an error if that is not the wanted one.
func sameDigest(f io.ReadSeeker, want string) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	got := hex.EncodeToString(h.Sum(nil))
	if want != "" && got != want {
		return "", fmt.Errorf("its digest is %s, and %s was built: fetch or build it anew", got[:12], want[:12])
	}
	_, err := f.Seek(0, io.SeekStart)
	return got, err
}

func (u Unpacking) unpack(ctx context.Context, f io.Reader) (Manifest, error) {
	plain, err := decompress(f)
	if err != nil {
		return Manifest{}, err
	}
	defer plain.Close()
	all := &bounded{ctx, plain, u.Limits.Bytes + int64(u.Limits.Members)*2048 + maxManifest}
	in := tar.NewReader(all)
	m, err := readManifest(in, u.Limits.Members)
	if err != nil {
		return Manifest{}, err
	}
	if err := u.check(m); err != nil {
		return Manifest{}, err
	}
	if u.Root == "" {
		u.Root = m.Root
	}
	if err := os.MkdirAll(filepath.Dir(u.Root), 0o755); err != nil { //nolint:gosec // others run what is in it
		return Manifest{}, fmt.Errorf("%s cannot be made: %w", u.Root, err)
	}
	if err := alone(u.Root, func() error { return ours(u.Root) }); err != nil {
		return Manifest{}, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(u.Root), ".pinwheel-unpack-*")
	if err != nil {
		return Manifest{}, fmt.Errorf("there is no room beside %s: %w", u.Root, err)
	}
	defer os.RemoveAll(dir)
	if err := u.members(in, m, dir); err != nil {
		return Manifest{}, err
	}
	if _, err := io.Copy(io.Discard, all); err != nil { // the compression has a checksum of its own at the end
		return Manifest{}, cut(err)
	}
	if err := os.WriteFile(filepath.Join(dir, manifestName), indented(m), 0o644); err != nil { //nolint:gosec // others read it
		return Manifest{}, err
	}
	if err := os.WriteFile(filepath.Join(dir, digestName), []byte(u.SHA256+"\n"), 0o644); err != nil { //nolint:gosec // others read it
		return Manifest{}, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // others run what is in it
		return Manifest{}, err
	}
	return m, alone(u.Root, func() error { return replace(u.Root, dir) })
}

// replace puts a folder in the place of a root. The one that was there goes away as a whole, so that
// nobody finds half of it.
func replace(root, dir string) error {
	if err := ours(root); err != nil {
		return err
	}
	old := dir + "-old"
	if err := os.Rename(root, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(dir, root); err != nil {
		return err
	}
	return os.RemoveAll(old)
}

// alone runs f while no other process does so for a root in the same folder. A file system that
// knows no locks lets them all.
func alone(root string, f func() error) error {
	folder, err := os.Open(filepath.Dir(root))
	if err != nil {
		return err
	}
	defer folder.Close()
	_ = syscall.Flock(int(folder.Fd()), syscall.LOCK_EX)
	return f()
}

// ours refuses to replace a folder to which no set was unpacked or built.
func ours(root string) error {
	list, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(list) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(root, manifestName)); err != nil {
		return mistake("%s is there and is not pinwheel's: set software.path to a folder of its own, or remove it", root)
	}
	return nil
}

// readManifest reads the first file of a tarball.
func readManifest(in *tar.Reader, most int) (Manifest, error) {
	h, err := in.Next()
	if err != nil {
		return Manifest{}, cut(err)
	}
	if h.Name != manifestName || h.Typeflag != tar.TypeReg || h.Size > maxManifest {
		return Manifest{}, errors.New("it is no tarball that pinwheel packed: its manifest is not first")
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return Manifest{}, cut(err)
	}
	// The members are counted before they are stored, since three bytes can be one.
	var m struct {
		Manifest
		Members json.RawMessage `json:"members"`
	}
	if err := json.Unmarshal(data, &m); err != nil || m.Format != 1 || !goodRoot(m.Root) {
		return Manifest{}, errors.New("its manifest cannot be read: build it anew")
	}
	m.Manifest.Members, err = readMembers(m.Members, most)
	return m.Manifest, err
}

// readMembers reads no more members than are allowed.
func readMembers(data []byte, most int) ([]Member, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err == nil && t == nil {
		return nil, nil // an empty set
	}
	var out []Member
	for d.More() {
		if len(out) == most {
			return nil, mistake("it has more than %d members, and no more are allowed: raise --max-members where you trust it", most)
		}
		var m Member
		if err := d.Decode(&m); err != nil {
			return nil, errors.New("its manifest cannot be read: build it anew")
		}
		out = append(out, m)
	}
	return out, nil
}

// check reports whether a tarball is for this machine, and within the limits.
func (u Unpacking) check(m Manifest) error {
	if u.Interpreter != m.Interpreter {
		return mistake("it was built for %s, and this is %s: build it in this image", m.Interpreter.words(), u.Interpreter.words())
	}
	if u.Root != "" && u.Root != m.Root {
		return mistake("it was built for %s, and holds that path: unpack it there, or build it with software.path %s", m.Root, u.Root)
	}
	left := u.Limits.Bytes
	for _, member := range m.Members {
		if left -= member.Size; member.Size < 0 || left < 0 {
			return mistake("it takes more than %d bytes: raise --max-bytes where you trust it", u.Limits.Bytes)
		}
	}
	return nil
}

func (i Interpreter) words() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s of %s (%s %s)", i.Implementation, i.Version, i.Executable, i.Platform, i.Libc))
}

// members writes the members in the order of the manifest, and refuses any that is not in it.
func (u Unpacking) members(in *tar.Reader, m Manifest, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // what was written through it was closed
	for _, want := range m.Members {
		h, err := in.Next()
		if err != nil {
			return cut(err)
		}
		if err := u.member(root, in, h, want); err != nil {
			return err
		}
	}
	if _, err := in.Next(); !errors.Is(err, io.EOF) {
		if err != nil {
			return cut(err)
		}
		return errors.New("it holds more than its manifest names: it was changed since it was packed")
	}
	return nil
}

// member writes one member.
func (u Unpacking) member(root *os.Root, in io.Reader, h *tar.Header, want Member) error {
	if why := badPath(want.Path); why != "" {
		return fmt.Errorf("%q is refused: %s", want.Path, why)
	}
	like := header(want)
	if h.Name != like.Name || h.Typeflag != like.Typeflag || h.Linkname != like.Linkname || h.Mode != like.Mode || h.Size != like.Size {
		return fmt.Errorf("%q is not what its manifest says: it was changed since it was packed", h.Name)
	}
	switch {
	case want.Link != "":
		if !inside(want.Path, want.Link) && !toInterpreter(want, u.Interpreter.Executable) {
			return fmt.Errorf("%q is refused: it is a link to %q, outside of the set", want.Path, want.Link)
		}
		return written(want.Path, root.Symlink(want.Link, want.Path))
	case want.SHA256 == "":
		return written(want.Path, root.Mkdir(want.Path, 0o755))
	}
	f, err := root.OpenFile(want.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(like.Mode)) //nolint:gosec // one of two constants
	if err != nil {
		return written(want.Path, err)
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, sum), in)
	if err := errors.Join(err, f.Close()); err != nil {
		return cut(err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != want.SHA256 {
		return fmt.Errorf("%q is not what its manifest says: it was changed since it was packed", want.Path)
	}
	return nil
}

// written says which member could not be written, since its path is through a link or there twice.
func written(path string, err error) error {
	if err != nil {
		return fmt.Errorf("%q is refused: %w", path, err)
	}
	return nil
}

// cut makes an error of reading say that the tarball is not whole.
func cut(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is cut short: fetch or build it anew")
	case damaged(err), errors.Is(err, tar.ErrHeader):
		return errors.New("it is damaged: fetch or build it anew")
	}
	return err
}

// bounded ends a reader that gives more than is allowed, or whose context has ended.
type bounded struct {
	ctx  context.Context //nolint:containedctx // of one reading
	from io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if b.left <= 0 {
		return 0, errors.New("it takes more than is allowed")
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
