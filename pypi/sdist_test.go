package pypi

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

func TestSdists(t *testing.T) {
	old := strings.Replace(acmeMetadata, "2.2", "2.1", 1)
	dynamic := strings.Replace(acmeMetadata, "Provides-Extra", "Dynamic: Requires-Dist\nProvides-Extra", 1)
	tgz := func(text string) []byte {
		return tarOf(t, member{name: "acme-1.0/setup.py"}, member{name: "acme-1.0/acme.egg-info/PKG-INFO", text: "Name: x"}, member{name: "acme-1.0/PKG-INFO", text: text}, member{name: "acme-1.0/z", text: noise(100_000)})
	}
	const older = "does not tell: its metadata is older than version 2.2 and may change in the build (PEP 643)"
	for _, c := range []struct {
		what, name string
		shop       *shop
		change     func(*FileDetails)
		want       string
	}{
		{"static", sdistName, &shop{file: tgz(acmeMetadata)}, nil, knownAcme},
		{"static, without a digest", sdistName, &shop{file: tgz(acmeMetadata)}, func(f *FileDetails) { f.SHA256 = "" }, knownAcme},
		{"static, of no folder's name", sdistName, &shop{file: tarOf(t, member{name: "./x/PKG-INFO", text: acmeMetadata})}, nil, knownAcme},
		{"static in a zip", "acme-1.0.zip", &shop{file: zipOf(t, member{"acme-1.0/PKG-INFO", acmeMetadata, 8}, member{"acme-1.0/z", noise(200_000), 0})}, nil, knownAcme},
		{"its packing called the way's", sdistName, &shop{file: tgz(acmeMetadata), serve: func(s *shop, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(s.file)
		}}, nil, knownAcme},
		{"static, by its short name", "acme-1.0.tgz", &shop{file: tgz(acmeMetadata)}, nil, knownAcme},
		{"static, packed with bzip2", "acme-1.0.tar.bz2", &shop{file: bzipped(t)}, nil, knownAcme},
		{"with bzip2, by its short name", "acme-1.0.tbz", &shop{file: bzipped(t)}, nil, knownAcme},
		{"not packed", "acme-1.0.tar", &shop{file: unpackedTar(t, tgz(acmeMetadata))}, nil, knownAcme},
		{"packed with xz", "acme-1.0.tar.xz", &shop{file: []byte("\xfd7zXZ\x00")}, nil, "unknown does not tell: it is packed with xz, which is not read"},
		{"no bzip2", "acme-1.0.tar.bz2", &shop{file: []byte("hello")}, nil, "refused is a damaged tar archive"},
		{"old", sdistName, &shop{file: tgz(old)}, nil, "unknown " + older},
		{"old and broken", sdistName, &shop{file: tgz(old + "\xff")}, nil, "unknown " + older},
		{"old in a zip", "acme-1.0.zip", &shop{file: zipOf(t, member{"acme-1.0/PKG-INFO", old, 8})}, nil, "unknown " + older},
		{"dynamic", sdistName, &shop{file: tgz(dynamic)}, nil, "unknown does not tell: its requires-dist is only known after a build (PEP 643)"},
		{"static and broken", sdistName, &shop{file: tgz(strings.Replace(acmeMetadata, "foo>=1", "foo 1", 1))}, nil, `refused has the requirement "foo 1", which does not parse (PEP 508)`},
		{"another version", sdistName, &shop{file: tgz(strings.Replace(acmeMetadata, "1.0", "2.0", 1))}, nil, "refused has the metadata of another version, 2.0"},
		{"without", sdistName, &shop{file: tarOf(t, member{name: "acme-1.0/setup.py"})}, nil, "unknown has no PKG-INFO"},
		{"without in a zip", "acme-1.0.zip", &shop{file: zipOf(t)}, nil, "unknown has no PKG-INFO"},
		{"another digest", sdistName, &shop{file: tgz(acmeMetadata)}, func(f *FileDetails) { f.SHA256 = strings.Repeat("0", 64) }, "refused does not have the sha256 that the index gives"},
		{"no gzip", sdistName, &shop{file: []byte("hello")}, nil, "refused is no gzip archive"},
		{"no tar", sdistName, &shop{file: zip(t, []byte(noise(5000)))}, nil, "refused is a damaged tar archive"},
		{"a damaged gzip", sdistName, &shop{file: tgz(acmeMetadata)[:300]}, nil, "refused is a damaged tar archive"},
		{"a large PKG-INFO", sdistName, &shop{file: tgz(acmeMetadata + strings.Repeat(" ", 11<<20))}, nil, "refused has more than 4 MiB of metadata"},
		{"a bomb", sdistName, &shop{file: bomb(t)}, nil, "unknown unpacks to more than 256 MiB"},
		{"too large", sdistName, &shop{file: tgz(acmeMetadata)}, func(f *FileDetails) { f.Size = 32<<20 + 1 }, "unknown is larger than 32 MiB, and nothing less of it could be had"},
		{"endless", sdistName, &shop{file: tgz(acmeMetadata), serve: func(s *shop, w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(s.file)
			endless(s, w, r)
		}}, nil, "unknown is larger than 32 MiB, and nothing less of it could be had"},
		{"cut off", sdistName, &shop{file: tgz(acmeMetadata), serve: cut}, nil, "error unreachable"},
		{"cut off without a length", sdistName, &shop{file: tgz(acmeMetadata), serve: short}, nil, "error malformed"},
		{"gone", sdistName, &shop{}, nil, "error unsupported"},
		{"down", sdistName, &shop{serve: status(502)}, nil, "error unavailable"},
	} {
		t.Run(c.what, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			a, err := asked(t, c.shop, c.name, c.change)
			runtime.ReadMemStats(&after)
			want := strings.Replace(strings.Replace(c.want, "refused ", "refused "+c.name+" ", 1), "unknown ", "unknown "+c.name+" ", 1)
			if got := verdict(a, err); got != want {
				t.Errorf("have %s (%v)\nwant %s", got, err, want)
			}
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 64 {
				t.Errorf("%d MiB were allocated", used)
			}
		})
	}
}

// bzipped is acmeMetadata in a tar archive that was packed with bzip2, which Go
// only unpacks.
func bzipped(t *testing.T) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString("QlpoOTFBWSZTWZHvvvAAAItfkMyQQAP9Uwer0QBvY7/gAAIICCAAlA0hDEGhGjTRkBtQHqMmT1BoomnpqNGaBMJo0yYATQxLy2MwCARwBAEG8TQDShggCBgZflKfYsaZhBLpFpmrEdcdRgWsSHBCo5BNkVcVaoEQ1CyUy41OKnCi0fGUC/odr27m0dEJMRkM5yvRMZ1JYJxL0HBERnSLzvGY94hm0CcZZfmcAmZShdCKTEkQTMXCd+Dw+W7U+e4iID+LuSKcKEhI9994AA==")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func unpackedTar(t *testing.T, zipped []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// bomb is a source distribution of 300 MiB of nothing in 300 KB, in as many
// gzip members.
func bomb(tb testing.TB) []byte {
	tb.Helper()
	var head bytes.Buffer
	if err := tar.NewWriter(&head).WriteHeader(&tar.Header{Name: "acme-1.0/a", Size: 300 << 20, Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
		tb.Fatal(err)
	}
	return append(zip(tb, head.Bytes()), bytes.Repeat(zip(tb, make([]byte, 1<<20)), 300)...)
}
