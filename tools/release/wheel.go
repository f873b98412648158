package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// wheelTags are the platform tags of each target. The program is static, so that any
// libc will do, and the oldest tags of both are named; Go needs macOS 12.
var wheelTags = map[string]string{
	"linux/amd64":   "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
	"linux/arm64":   "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
	"linux/ppc64le": "manylinux_2_17_ppc64le.manylinux2014_ppc64le.musllinux_1_1_ppc64le",
	"linux/s390x":   "manylinux_2_17_s390x.manylinux2014_s390x.musllinux_1_1_s390x",
	"darwin/amd64":  "macosx_12_0_x86_64",
	"darwin/arm64":  "macosx_12_0_arm64",
}

var semver = regexp.MustCompile(`^(\d+\.\d+\.\d+)(?:-(.*?))?(?:\+.*)?$`)

// wheelVersion is a version as PEP 440 writes it: a pre-release of the tag stays one, and
// the version of an untagged commit is a development release by its time.
func wheelVersion(version string) (string, error) {
	m := semver.FindStringSubmatch(version)
	if m == nil {
		return "", fmt.Errorf("%s is no version of a wheel", version)
	}
	text := m[1]
	if m[2] != "" {
		text = m[1] + strings.NewReplacer("-", "", ".", "").Replace(m[2])
		if at := regexp.MustCompile(`(\d{14})-[0-9a-f]{12}$`).FindStringSubmatch(m[2]); at != nil {
			text = m[1] + ".dev" + at[1]
		}
	}
	v, err := pep440.Parse(text)
	if err != nil {
		return "", fmt.Errorf("%s is no version of a wheel: %w", version, err)
	}
	return v.String(), nil
}

// wheels packs each binary as a wheel that installs it as a program.
// https://packaging.python.org/en/latest/specifications/binary-distribution-format/
func (r *release) wheels(context.Context) error {
	version, err := wheelVersion(r.source.version)
	if err != nil {
		return err
	}
	for _, b := range r.binaries {
		tags := wheelTags[b.os+"/"+b.arch]
		if tags == "" {
			return fmt.Errorf("no platform tag of Python is known for %s/%s", b.os, b.arch)
		}
		program, err := os.ReadFile(b.path)
		if err != nil {
			return err
		}
		data, err := r.wheel(version, tags, program)
		if err != nil {
			return err
		}
		if err := r.write(fmt.Sprintf("pinwheel-%s-py3-none-%s.whl", version, tags), data); err != nil {
			return err
		}
	}
	return nil
}

// wheel is one wheel. RECORD lists every file with its digest, itself last without one.
func (r *release) wheel(version, tags string, program []byte) ([]byte, error) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		return nil, err
	}
	licence, err := os.ReadFile("LICENSE")
	if err != nil {
		return nil, err
	}
	info := "pinwheel-" + version + ".dist-info/"
	var w wheelWriter
	w.zip = zip.NewWriter(&w.out)
	w.zip.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.DefaultCompression) })
	w.at = r
	w.add("pinwheel-"+version+".data/scripts/pinwheel", 0o755, program)
	w.add(info+"METADATA", 0o644, []byte("Metadata-Version: 2.4\nName: pinwheel\nVersion: "+version+
		"\nSummary: Keeps the pip constraints of GitLab projects moving\nLicense-Expression: Apache-2.0\nLicense-File: LICENSE\n"+
		"Requires-Python: >=3.8\nDescription-Content-Type: text/markdown\n\n"+string(readme)))
	var lines strings.Builder
	for tag := range strings.SplitSeq(tags, ".") {
		lines.WriteString("Tag: py3-none-" + tag + "\n")
	}
	w.add(info+"WHEEL", 0o644, []byte("Wheel-Version: 1.0\nGenerator: pinwheel release\nRoot-Is-Purelib: false\n"+lines.String()))
	w.add(info+"licenses/LICENSE", 0o644, licence)
	w.record.WriteString(info + "RECORD,,\n")
	w.put(info+"RECORD", 0o644, []byte(w.record.String()))
	err = cmp.Or(w.err, w.zip.Close())
	return w.out.Bytes(), err
}

type wheelWriter struct {
	out    bytes.Buffer
	zip    *zip.Writer
	record strings.Builder
	at     *release
	err    error
}

// add writes a file and its line in RECORD.
func (w *wheelWriter) add(name string, mode os.FileMode, data []byte) {
	sum := sha256.Sum256(data)
	fmt.Fprintf(&w.record, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(data))
	w.put(name, mode, data)
}

func (w *wheelWriter) put(name string, mode os.FileMode, data []byte) {
	if w.err != nil {
		return
	}
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: w.at.source.at}
	h.SetMode(mode)
	out, err := w.zip.CreateHeader(h)
	if err == nil {
		_, err = out.Write(data)
	}
	w.err = err
}
