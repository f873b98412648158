package prepare

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// manifestName is the first file of a tarball, which lists all others. digestName is a file beside
// the root of an unpacked or built set, with the digest of its tarball.
const manifestName, digestName = "manifest.json", ".sha256"

// Manifest lists what is in a tarball.
type Manifest struct {
	Format      int         `json:"format"` // 1
	Key         string      `json:"key"`
	Lock        string      `json:"lock"`
	Image       Image       `json:"image"`
	Interpreter Interpreter `json:"interpreter"`
	Root        string      `json:"root"`
	Members     []Member    `json:"members"` // in the order of the tarball
}

// Member is one member of a tarball. A folder has neither digest nor link.
type Member struct {
	Path   string `json:"path"` // below the root, with slashes
	Run    bool   `json:"run,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size,omitempty"`
	Link   string `json:"link,omitempty"`
}

// packedAt is the time of every member of a tarball, so that it does not depend on when it was
// made.
var packedAt = time.Unix(946684800, 0).UTC() // 2000-01-01

// survey lists what is below a root, in the order of the tarball: by path, folders before their
// members. Anything but a file, a folder or a link is an error, and so is a link that leaves the
// root, except to the interpreter.
func survey(root, interpreter string) ([]Member, error) {
	var out []Member
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		m := Member{Path: filepath.ToSlash(name)}
		if m.Path == manifestName || m.Path == digestName {
			return nil
		}
		if why := badPath(m.Path); why != "" {
			return mistake("%q cannot be packed: %s", m.Path, why)
		}
		if err := m.describe(path, d); err != nil {
			return err
		}
		if m.Link != "" && !inside(m.Path, m.Link) && !toInterpreter(m, interpreter) {
			return mistake("%s is a link to %s, outside of the set: take it out of its project", m.Path, m.Link)
		}
		out = append(out, m)
		return nil
	})
	return out, err
}

// describe fills in the fields of a member.
func (m *Member) describe(path string, d fs.DirEntry) error {
	switch d.Type() {
	case fs.ModeDir:
		return nil
	case fs.ModeSymlink:
		target, err := os.Readlink(path)
		m.Link = target
		return err
	case 0:
		info, err := d.Info()
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		m.Size, err = io.Copy(h, f)
		m.SHA256, m.Run = hex.EncodeToString(h.Sum(nil)), info.Mode()&0o100 != 0
		return err
	default:
		return mistake("%s is neither a file, a folder nor a link: take it out of its project", m.Path)
	}
}

// toInterpreter reports whether a member is a link of a virtual environment to the interpreter that
// made it.
func toInterpreter(m Member, interpreter string) bool {
	dir, name := splitPath(m.Path)
	return dir == "venv/bin" && strings.HasPrefix(name, "python") && m.Link == interpreter && interpreter != ""
}

func splitPath(path string) (dir, name string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}

// pack writes a root as a tarball. The same files give the same bytes, whoever made them at
// whatever time.
func pack(to io.Writer, root string, m Manifest, c Compression) error {
	compressed, err := c.compress(to)
	if err != nil {
		return err
	}
	w := tar.NewWriter(compressed)
	manifest := indented(m)
	if err := w.WriteHeader(header(Member{Path: manifestName, Size: int64(len(manifest)), SHA256: "-"})); err != nil {
		return err
	}
	if _, err := io.Copy(w, bytes.NewReader(manifest)); err != nil {
		return err
	}
	for _, member := range m.Members {
		if err := packMember(w, root, member); err != nil {
			return fmt.Errorf("%s cannot be packed: %w", member.Path, err)
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return compressed.Close()
}

func header(m Member) *tar.Header {
	h := &tar.Header{Name: m.Path, ModTime: packedAt, Mode: 0o644, Typeflag: tar.TypeReg, Size: m.Size, Format: tar.FormatPAX}
	switch {
	case m.Link != "":
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, m.Link, 0o777
	case m.SHA256 == "":
		h.Typeflag, h.Mode, h.Name = tar.TypeDir, 0o755, m.Path+"/"
	case m.Run:
		h.Mode = 0o755
	}
	return h
}

func packMember(w *tar.Writer, root string, m Member) error {
	if err := w.WriteHeader(header(m)); err != nil || m.SHA256 == "" {
		return err
	}
	f, err := os.Open(filepath.Join(root, filepath.FromSlash(m.Path)))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// badPath says why a path cannot be a member's; empty if it can.
func badPath(path string) string {
	switch {
	case path == "":
		return "it has no name"
	case strings.HasPrefix(path, "/"), strings.Contains(path, `\`), strings.Contains(path, "\x00"):
		return "its name is absolute or holds a backslash"
	case len(path) > 4096:
		return "its name is too long"
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." {
			return "its name leads elsewhere"
		}
	}
	return ""
}

// inside reports whether the target of a link at path is below the root.
func inside(path, target string) bool {
	if target == "" || strings.HasPrefix(target, "/") || strings.ContainsAny(target, "\\\x00") {
		return false
	}
	depth := strings.Count(path, "/")
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return false
			}
		default:
			depth++
		}
	}
	return true
}
