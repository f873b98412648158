package prepare

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// packed is a tarball made by hand: the members that its manifest names, and those
// that are in it.
type packed struct {
	manifest []Member
	headers  []tar.Header
	bodies   []string
	how      Compression
}

func (p *packed) file(name, body string) *packed {
	m := Member{Path: name, SHA256: digestOf([]byte(body)), Size: int64(len(body))}
	return p.member(m, *header(m), body)
}

func (p *packed) link(name, to string) *packed {
	m := Member{Path: name, Link: to}
	return p.member(m, *header(m), "")
}

func (p *packed) dir(name string) *packed {
	m := Member{Path: name}
	return p.member(m, *header(m), "")
}

func (p *packed) member(m Member, h tar.Header, body string) *packed {
	p.manifest, p.headers, p.bodies = append(p.manifest, m), append(p.headers, h), append(p.bodies, body)
	return p
}

var ourPython = Interpreter{Executable: "/usr/bin/python3", Implementation: "cpython", Version: "3.12.1", ABI: "cpython-312-x86_64-linux-gnu"}

// write makes the tarball, built for a root.
func (p *packed) write(t *testing.T, root string) string {
	t.Helper()
	return p.writeWith(t, string(indented(Manifest{Format: 1, Interpreter: ourPython, Root: root, Members: p.manifest})))
}

// writeWith makes the tarball with a manifest of its own.
func (p *packed) writeWith(t *testing.T, manifest string) string {
	t.Helper()
	var out bytes.Buffer
	z, err := p.how.compress(&out)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	put := func(h tar.Header, body string) {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	put(*header(Member{Path: manifestName, SHA256: "-", Size: int64(len(manifest))}), manifest)
	for i := range p.headers {
		put(p.headers[i], p.bodies[i])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.tar.gz")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Hostile tarballs are refused, and write nothing anywhere.
func TestHostileTarballs(t *testing.T) {
	asFile := Member{Path: "a", SHA256: digestOf(nil)}
	for name, c := range map[string]struct {
		make func(*packed) *packed
		says string
	}{
		"absolute name":          {func(p *packed) *packed { return p.file("/tmp/evil", "x") }, "absolute"},
		"name that leads out":    {func(p *packed) *packed { return p.file("../evil", "x") }, "leads elsewhere"},
		"name that leads around": {func(p *packed) *packed { return p.dir("a").file("a/../../evil", "x") }, "leads elsewhere"},
		"backslash":              {func(p *packed) *packed { return p.file(`a\..\evil`, "x") }, "backslash"},
		"link out":               {func(p *packed) *packed { return p.link("a", "../evil") }, "outside of the set"},
		"absolute link":          {func(p *packed) *packed { return p.link("a", "/etc/passwd") }, "outside of the set"},
		"link to another interpreter": {func(p *packed) *packed {
			return p.dir("venv").dir("venv/bin").link("venv/bin/python", "/tmp/python")
		}, "outside of the set"},
		"file through a link": {func(p *packed) *packed { return p.dir("d").link("a", "d").link("b", "../b").file("b/x", "x") }, "outside of the set"},
		"file over a link":    {func(p *packed) *packed { return p.link("a", "b").file("a", "x") }, "refused"},
		"name twice":          {func(p *packed) *packed { return p.file("a", "x").file("a", "y") }, "refused"},
		"device": {func(p *packed) *packed {
			return p.member(asFile, tar.Header{Name: "a", Typeflag: tar.TypeChar, Mode: 0o644, ModTime: packedAt}, "")
		}, "not what its manifest says"},
		"fifo": {func(p *packed) *packed {
			return p.member(asFile, tar.Header{Name: "a", Typeflag: tar.TypeFifo, Mode: 0o644, ModTime: packedAt}, "")
		}, "not what its manifest says"},
		"hard link": {func(p *packed) *packed {
			return p.member(asFile, tar.Header{Name: "a", Typeflag: tar.TypeLink, Linkname: "/etc/passwd", Mode: 0o644, ModTime: packedAt}, "")
		}, "not what its manifest says"},
		"set-uid": {func(p *packed) *packed {
			return p.member(asFile, tar.Header{Name: "a", Typeflag: tar.TypeReg, Mode: 0o4755, ModTime: packedAt}, "")
		}, "not what its manifest says"},
		"other bytes":        {func(p *packed) *packed { return p.file("a", "x").swap(0, "y") }, "changed since"},
		"more than it names": {func(p *packed) *packed { p.file("a", "x").file("b", "y"); p.manifest = p.manifest[:1]; return p }, "more than its manifest names"},
		"less than it names": {func(p *packed) *packed {
			p.file("a", "x").file("b", "y")
			p.headers, p.bodies = p.headers[:1], p.bodies[:1]
			return p
		}, "cut short"},
		"too large": {func(p *packed) *packed { p.file("a", "x"); p.manifest[0].Size = 1 << 40; return p }, "--max-bytes"},
		"size that turns over": {func(p *packed) *packed {
			p.file("a", "x").file("b", "y")
			p.manifest[0].Size, p.manifest[1].Size = 1<<62, 1<<62
			return p
		}, "--max-bytes"},
		"negative size": {func(p *packed) *packed { p.file("a", "x"); p.manifest[0].Size = -1; return p }, "--max-bytes"},
		"too many": {func(p *packed) *packed {
			return p.file("a", "").file("b", "").file("c", "").file("d", "").dir("e").dir("f")
		}, "--max-members"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			root := filepath.Join(dir, "opt", "set")
			_, err := Unpack(t.Context(), c.make(&packed{}).write(t, root), Unpacking{Interpreter: ourPython, Limits: Limits{Bytes: 1 << 20, Members: 5}})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
			left, _ := filepath.Glob(filepath.Join(dir, "opt", "*"))
			hidden, _ := filepath.Glob(filepath.Join(dir, "opt", ".*"))
			if outside, err := os.ReadDir(dir); err != nil || len(left)+len(hidden) > 0 || len(outside) > 1 {
				t.Errorf("left behind: %v %v %v", left, hidden, outside)
			}
		})
	}
}

func (p *packed) swap(i int, body string) *packed {
	p.bodies[i] = body
	return p
}

// A tarball that is cut short or damaged anywhere is refused, and what was unpacked
// before stays.
func TestATarballCutShort(t *testing.T) {
	for _, how := range Compressions() {
		t.Run(string(how), func(t *testing.T) { cutShort(t, how) })
	}
}

func cutShort(t *testing.T, how Compression) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "set")
	p := (&packed{how: how}).dir("venv").file("venv/a", strings.Repeat("some text of a file\n", 5000)).link("venv/b", "a").file("z", "end")
	path := p.write(t, root)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	u := Unpacking{Interpreter: ourPython}
	if _, err := Unpack(t.Context(), path, u); err != nil {
		t.Fatal(err)
	}
	cuts := []int{len(whole) - 8, len(whole) - 1} // within the digest at the end
	for n := 0; n < len(whole); n += max(1, len(whole)/40) {
		cuts = append(cuts, n)
	}
	for _, n := range cuts {
		flipped := bytes.Clone(whole)
		flipped[n] ^= 0x40
		if err := os.WriteFile(path, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		// Some bytes, such as the time in gzip's header, say nothing of what is packed.
		if m, err := Unpack(t.Context(), path, u); err == nil && len(m.Members) != len(p.manifest) {
			t.Errorf("byte %d of %d is another one, and %v was unpacked", n, len(whole), m.Members)
		}
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Unpack(t.Context(), path, u); err == nil {
			t.Errorf("the first %d of %d bytes were unpacked", n, len(whole))
		}
	}
	if got, err := os.ReadFile(filepath.Join(root, "z")); err != nil || string(got) != "end" {
		t.Errorf("what was there is %q, %v", got, err)
	}
}

// What is not pinwheel's is left alone, and another interpreter is refused.
func TestUnpackLeavesOthersAlone(t *testing.T) {
	root := filepath.Join(t.TempDir(), "set")
	path := (&packed{}).file("a", "x").write(t, root)
	if err := os.MkdirAll(root, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "theirs"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Unpack(t.Context(), path, Unpacking{Interpreter: ourPython}); err == nil || !strings.Contains(err.Error(), "is not pinwheel's") {
		t.Errorf("a folder of others: %v", err)
	}
	other := ourPython
	other.Version = "3.12.2"
	if _, err := Unpack(t.Context(), path, Unpacking{Interpreter: other}); err == nil || !strings.Contains(err.Error(), "build it in this image") {
		t.Errorf("another interpreter: %v", err)
	}
	if _, err := Unpack(t.Context(), path, Unpacking{Interpreter: ourPython, Root: root + "x"}); err == nil || !strings.Contains(err.Error(), "holds that path") {
		t.Errorf("another path: %v", err)
	}
	if _, err := Unpack(t.Context(), path, Unpacking{Interpreter: ourPython, SHA256: strings.Repeat("0", 64)}); err == nil || !strings.Contains(err.Error(), "its digest is") {
		t.Errorf("another digest: %v", err)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("not a tarball"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, "x.tar.gz")
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		_, _ = z.Write(data) // a buffer takes everything
		_ = z.Close()
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = Unpack(t.Context(), path, Unpacking{Interpreter: ourPython, Root: filepath.Join(dir, "set"), Limits: Limits{Bytes: 1 << 20, Members: 10}})
		list, err := os.ReadDir(dir)
		if err != nil || len(list) > 2 {
			t.Errorf("beside the root there is %v, %v", list, err)
		}
	})
}
