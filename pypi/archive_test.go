package pypi

import (
	ziparchive "archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/python/dist"
	"gitlab.com/cki-project/pinwheel/python/metadata"
)

// checked is a piece of data that fails the test for a place outside it.
func checked(t *testing.T, data []byte) piece {
	return func(from, to int64) ([]byte, error) {
		if from < 0 || to < from || to > int64(len(data)) {
			t.Fatalf("asked for %d to %d of %d bytes", from, to, len(data))
		}
		return data[from:to:to], nil
	}
}

// answered makes sure that an error is one of those that are expected.
func answered(t *testing.T, err error) {
	t.Helper()
	var no refusal
	var nobody unknowable
	if !errors.As(err, &no) && !errors.As(err, &nobody) {
		t.Fatalf("an error of no sort: %v", err)
	}
	if text := err.Error(); len(text) > 200 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Fatalf("an error that does not print: %q", text)
	}
}

func FuzzZipMember(f *testing.F) {
	f.Add(wheelOf(f, 10, acmeMetadata))
	f.Add(zipOf(f, member{"acme-1.0.dist-info/METADATA", acmeMetadata, 0}, member{"acme-1.0/PKG-INFO", acmeMetadata, 8}))
	f.Add(zip64(f, func([]byte) {}))
	f.Add(commented(wheelOf(f, 0, ""), "PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, pick := range map[string]picker{"/METADATA": &inWheel{project: "acme"}, "/PKG-INFO": &inSdist{}} {
			got, err := zipMember(int64(len(data)), checked(t, data), pick)
			if err != nil {
				answered(t, err)
				continue
			}
			if len(got) > metadata.MaxFile {
				t.Fatalf("%d bytes", len(got))
			}
			// Where the standard library can read the archive, it reads the same.
			other, err := ziparchive.NewReader(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				continue
			}
			same := false
			for _, m := range other.File {
				if !strings.HasSuffix(m.Name, name) {
					continue
				}
				r, err := m.Open()
				if err != nil {
					same = true // stricter than here
					continue
				}
				want, err := io.ReadAll(io.LimitReader(r, metadata.MaxFile+1))
				same = same || err != nil || bytes.Equal(got, want)
			}
			if !same {
				t.Fatalf("read %q, which the standard library does not find", got)
			}
		}
	})
}

// TestMutatedZips changes single numbers of good archives, which a fuzzer that
// knows no zip rarely does.
func TestMutatedZips(t *testing.T) {
	good := [][]byte{wheelOf(t, 10, acmeMetadata), zip64(t, func([]byte) {}), zipOf(t, member{"acme-1.0.dist-info/METADATA", acmeMetadata, 0})}
	known := 0
	rapid.Check(t, func(r *rapid.T) {
		data := bytes.Clone(rapid.SampledFrom(good).Draw(r, "archive"))
		for range rapid.IntRange(1, 3).Draw(r, "changes") {
			at := rapid.IntRange(0, len(data)-1).Draw(r, "at")
			copy(data[at:], rapid.SampledFrom([]string{"\x00", "\x01", "\x7f", "\x80", "\xff", "\xff\xff", "\xff\xff\xff\xff", "\x00\x00\x00\x00\x00\x00\x00\x80"}).Draw(r, "to"))
		}
		got, err := zipMember(int64(len(data)), checked(t, data), &inWheel{project: "acme"})
		if err != nil {
			answered(t, err)
		} else if known++; string(got) != acmeMetadata {
			t.Fatalf("read %q", got)
		}
	})
	if known == 0 {
		t.Error("no change left an archive whole")
	}
}

func FuzzPackageInfo(f *testing.F) {
	f.Add(tarOf(f, member{name: "acme-1.0/a", text: "b"}, member{name: "acme-1.0/PKG-INFO", text: acmeMetadata}))
	f.Add(tarOf(f, member{name: "./" + strings.Repeat("long", 99) + "/PKG-INFO", text: acmeMetadata}))
	f.Add(zip(f, []byte("hello")))
	f.Fuzz(func(t *testing.T, data []byte) {
		// As it comes and, since the fuzzer knows no checksums, what it packs.
		for _, archive := range [][]byte{data, zip(t, data)} {
			got, err := packageInfo(bytes.NewReader(archive), dist.Gzip)
			if err != nil {
				answered(t, err)
			} else if len(got) > metadata.MaxFile {
				t.Fatalf("%d bytes", len(got))
			}
		}
	})
}

// brokenReader ends in an error that is none of the archive's.
type brokenReader struct {
	r   io.Reader
	err error
}

func (b brokenReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}

func TestPackageInfoPassesErrorsOn(t *testing.T) {
	whole := tarOf(t, member{name: "acme-1.0/a", text: noise(3000)}, member{name: "acme-1.0/PKG-INFO", text: noise(3000)})
	broken := errors.New("the wire")
	for n := range len(whole) - 2000 {
		if n%97 > 0 && n > 20 {
			continue
		}
		if _, err := packageInfo(brokenReader{bytes.NewReader(whole[:n]), broken}, dist.Gzip); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}
