package prepare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Record describes one build, beside its tarball.
type Record struct {
	Format      int         `json:"format"` // 1
	Key         string      `json:"key"`
	Lock        string      `json:"lock"` // digest
	Image       Image       `json:"image"`
	Interpreter Interpreter `json:"interpreter"`
	Root        string      `json:"root"`
	Variables   []string    `json:"variables,omitempty"` // of the machine, that a build may see
	Tarball     Tarball     `json:"tarball"`
	Installed   []Installed `json:"installed"`
	Data        []string    `json:"data"`
	Overridden  []string    `json:"overridden"`
}

// Tarball identifies the bytes of a build.
type Tarball struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

var (
	hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)
	imageName = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,60}[a-z0-9])?$`)
)

// ImageName reports whether an image may have a name, which is part of names of files and packages.
// The file of its record must not be that of the lock.
func ImageName(name string) bool { return imageName.MatchString(name) && recordName(name) != LockName }

// encode is a record as a file. The same build gives the same bytes.
func (r Record) encode() []byte { return indented(r) }

func indented(v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		panic(err) // texts and numbers alone
	}
	return out.Bytes()
}

func readRecord(data []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(data, &r); err != nil || r.Format != 1 || !r.sound() {
		return Record{}, errors.New("this is no record of a build that this pinwheel knows: build it anew with pinwheel prepare build")
	}
	return r, nil
}

// sound reports whether a record is of its key, and has nothing but names and paths in the places
// that a shell script uses.
func (r Record) sound() bool {
	if r.Key != r.target().key() || !hexDigest.MatchString(r.Lock) || !hexDigest.MatchString(r.Tarball.SHA256) || !ImageName(r.Image.Name) || r.Tarball.Name != tarballName(r.Image.Name, r.Tarball.compression()) {
		return false
	}
	for _, name := range r.Data {
		if !memberName(name) {
			return false
		}
	}
	return goodRoot(r.Root) && filepath.IsAbs(r.Interpreter.Executable)
}

// target is the target of the build.
func (r Record) target() target {
	return target{r.Lock, r.Interpreter, r.Image, r.Root, r.Tarball.compression(), r.Variables}
}

// goodRoot reports whether a set may be unpacked to a path.
func goodRoot(root string) bool {
	return filepath.IsAbs(root) && filepath.Clean(root) == root && root != "/"
}

// tarballName, recordName and scriptName are the files of an image in a folder.
func tarballName(image string, c Compression) string { return image + c.ending() }
func recordName(image string) string                 { return image + ".json" }

// compression is the compression by the name of a tarball.
func (t Tarball) compression() Compression {
	if strings.HasSuffix(t.Name, Zstd.ending()) {
		return Zstd
	}
	return Gzip
}

// LoadRecord reads the record of an image in a folder.
func LoadRecord(dir, image string) (Record, error) {
	path := filepath.Join(dir, recordName(image))
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, mistake("there is no %s: build it with pinwheel prepare build --image %s, or take the artifacts of the job that did", path, image)
	}
	if err != nil {
		return Record{}, err
	}
	r, err := readRecord(data)
	if err != nil {
		return Record{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}
