package pypisim

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

// made is a distribution file with its digest.
type made struct {
	body   []byte
	digest string
}

// finish adds to a file of the page what follows from its bytes. A plain
// release, one that has a wheel and says nothing of its metadata, keeps a
// digest and a size that are made up of its name, unless Options.Files is set:
// such files cost nothing until they are asked for, and a digest that a text
// quotes stays what it is.
func (s *shelf) finish(f *jsonFile) {
	f.URL = s.filesAt + "/files/" + s.name + "/" + f.version + "/" + f.Filename
	if s.allReal || f.core.told {
		m := s.make(*f)
		f.Size = len(m.body)
		if !s.noHashes {
			f.Hashes = map[string]string{"sha256": m.digest}
		}
	}
	wrong := digest([]byte("not " + f.Filename))
	switch {
	case !f.core.beside():
		if f.core.has(WrongHash) && !s.noHashes {
			f.Hashes = map[string]string{"sha256": wrong}
		}
	case f.tags == sdist:
	case s.noHashes || f.core.has(Unhashed):
		f.CoreMetadata = true
	case f.core.has(WrongHash):
		f.CoreMetadata = map[string]string{"sha256": wrong}
	default:
		f.CoreMetadata = map[string]string{"sha256": digest(s.document(*f).text())}
	}
	s.listed[f.Filename] = *f
}

const sdist = "sdist"

func (s *shelf) document(f jsonFile) document {
	d := document{name: s.name, version: f.version, sdist: f.tags == sdist, core: f.core}
	if f.Python != nil {
		d.python = *f.Python
	}
	return d
}

// make gives the bytes of a file. The same file is always the same bytes, and
// they are made once.
func (s *shelf) make(f jsonFile) made {
	d := s.document(f)
	text := d.text()
	key := f.Filename + " " + digest(text)
	if m, ok := s.made[key]; ok {
		return m
	}
	stem := strings.ReplaceAll(s.name, "-", "_") + "-" + f.version
	m := made{}
	if d.sdist {
		m.body = sourceArchive(stem, text, d.core.has(SdistBuilds))
	} else {
		m.body = wheel(stem, f.tags, text)
		if f.core.has(LyingZip) {
			lie(m.body, stem+".dist-info/METADATA")
		}
	}
	m.digest = digest(m.body)
	if s.made == nil {
		s.made = map[string]made{}
	}
	s.made[key] = m
	return m
}

// wheel packs a wheel with one empty module ("Binary distribution format").
func wheel(stem, tags string, metadata []byte) []byte {
	module, _, _ := strings.Cut(stem, "-")
	info := stem + ".dist-info/"
	members := []struct {
		name string
		body []byte
	}{
		{module + ".py", nil},
		{info + "METADATA", metadata},
		{info + "WHEEL", []byte("Wheel-Version: 1.0\nGenerator: pypisim\nRoot-Is-Purelib: true\n" + tagLines(tags))},
		{info + "RECORD", nil},
	}
	var record strings.Builder
	for _, m := range members[:3] {
		sum := sha256.Sum256(m.body)
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", m.name, base64.RawURLEncoding.EncodeToString(sum[:]), len(m.body))
	}
	fmt.Fprintf(&record, "%sRECORD,,\n", info)
	members[3].body = []byte(record.String())

	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, m := range members {
		// A buffer takes everything, and no time is written.
		f, _ := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: zip.Deflate})
		_, _ = f.Write(m.body)
	}
	_ = w.Close()
	return out.Bytes()
}

// tagLines expands compressed tags: "py2.py3-none-any" is two lines.
func tagLines(tags string) string {
	parts := strings.Split(tags, "-")
	for len(parts) < 3 {
		parts = append(parts, "any")
	}
	if len(parts) > 3 {
		parts = parts[len(parts)-3:] // a build tag comes first
	}
	var b strings.Builder
	for python := range strings.SplitSeq(parts[0], ".") {
		for abi := range strings.SplitSeq(parts[1], ".") {
			for platform := range strings.SplitSeq(parts[2], ".") {
				fmt.Fprintf(&b, "Tag: %s-%s-%s\n", python, abi, platform)
			}
		}
	}
	return b.String()
}

// lie makes the directory of a zip say that a member unpacks to four
// gigabytes and is packed to two.
func lie(archive []byte, member string) {
	const signature, sizes, name = "PK\x01\x02", 20, 46
	for at := 0; ; {
		i := bytes.Index(archive[at:], []byte(signature))
		if i < 0 {
			return
		}
		at += i
		if bytes.HasPrefix(archive[at+name:], []byte(member)) {
			binary.LittleEndian.PutUint32(archive[at+sizes:], 0x7fffffff)
			binary.LittleEndian.PutUint32(archive[at+sizes+4:], 0xfffffffe)
			return
		}
		at += len(signature)
	}
}

// sourceArchive packs a source distribution (PEP 625, PEP 643).
func sourceArchive(stem string, metadata []byte, builds bool) []byte {
	module, _, _ := strings.Cut(stem, "-")
	type member struct {
		name string
		body []byte
	}
	members := []member{{"PKG-INFO", metadata}, {module + ".py", nil}}
	if builds {
		backend := strings.NewReplacer("@stem@", stem, "@module@", module).Replace(inTreeBackend)
		members = append(members, member{"pyproject.toml", []byte("[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n")}, member{"backend.py", []byte(backend)})
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, m := range members {
		// A buffer takes everything, and no time is written.
		_ = w.WriteHeader(&tar.Header{Name: stem + "/" + m.name, Mode: 0o644, Size: int64(len(m.body)), Format: tar.FormatUSTAR})
		_, _ = w.Write(m.body)
	}
	_ = w.Close()
	_ = z.Close()
	return out.Bytes()
}

// inTreeBackend builds the wheel of a source distribution from what is in it.
const inTreeBackend = `import os, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "@stem@-py3-none-any.whl"
    info = "@stem@.dist-info/"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as z:
        z.writestr("@module@.py", open("@module@.py").read())
        z.writestr(info + "METADATA", open("PKG-INFO").read())
        z.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: in-tree\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(info + "RECORD", "@module@.py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n")
    return name
`
