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
)

// Record is what is known of one build beside its tarball.
type Record struct {
	Format      int         `json:"format"` // 1
	Key         string      `json:"key"`
	Lock        string      `json:"lock"` // digest
	Image       Image       `json:"image"`
	Interpreter Interpreter `json:"interpreter"`
	Root        string      `json:"root"`
	Tarball     Tarball     `json:"tarball"`
	Installed   []Installed `json:"installed"`
	Data        []string    `json:"data"`
	Overridden  []string    `json:"overridden"`
}

// Tarball names the bytes of a build.
type Tarball struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

var (
	hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)
	// ImageName is what an image may be called: part of the names of files and packages.
	ImageName = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,60}[a-z0-9])?$`)
)

// encode is a record as it is written: the same build is the same bytes.
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
	err := json.Unmarshal(data, &r)
	if err != nil || r.Format != 1 || !hexDigest.MatchString(r.Key) || !hexDigest.MatchString(r.Tarball.SHA256) || !ImageName.MatchString(r.Image.Name) ||
		r.Tarball.Name != tarballName(r.Image.Name) {
		return Record{}, fmt.Errorf("this is no record of a build that this pinwheel knows: build it anew with pinwheel prepare build")
	}
	return r, nil
}

// tarballName, recordName and scriptName are the files of an image in a folder.
func tarballName(image string) string { return image + ".tar.gz" }
func recordName(image string) string  { return image + ".json" }

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
