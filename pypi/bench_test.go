package pypi

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// recorded returns the recorded pages by name, as recorded or in the compact
// form in which an index sends them.
func recorded(tb testing.TB, compact bool) (names []string, pages [][]byte) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(testenv.Shared(tb), "data/pypi/simple-json/*.json"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".headers.json") {
			continue
		}
		body, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		if value := jsontext.Value(body); compact {
			if err := value.Compact(); err != nil {
				tb.Fatal(err)
			}
			body = value
		}
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".json"))
		pages = append(pages, body)
	}
	return names, pages
}

func BenchmarkDecode(b *testing.B) {
	for _, form := range []string{"compact", "indented"} {
		for _, more := range []string{"", "+sha256", "+details"} {
			name := form + more
			hashes := more == "+sha256"
			var details *url.URL
			if more == "+details" {
				details = pageURL
			}
			b.Run(name, func(b *testing.B) {
				names, docs := recorded(b, form == "compact")
				size := 0
				for _, doc := range docs {
					size += len(doc)
				}
				b.SetBytes(int64(size))
				b.ReportAllocs()
				d := newPages()
				for b.Loop() {
					for i, doc := range docs {
						if _, err := d.decode(bytes.NewReader(doc), false, 64<<20, wanted{name: names[i], hashes: hashes, details: details}); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}

// BenchmarkDecodePackage reads the stored facts of 650 packages of about 300
// files.
func BenchmarkDecodePackage(b *testing.B) {
	for _, hashes := range []bool{false, true} {
		name := map[bool]string{false: "650", true: "650+sha256"}[hashes]
		b.Run(name, func(b *testing.B) {
			stored := storedFacts(b, 650, hashes)
			size := 0
			for _, data := range stored {
				size += len(data)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			all := make([]plan.Package, len(stored))
			for b.Loop() {
				for i, data := range stored {
					var err error
					if all[i], err = DecodePackage(data); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkDecodePackageFrom reads what is newer than a pin near the end.
func BenchmarkDecodePackageFrom(b *testing.B) {
	stored := storedFacts(b, 650, false)
	least := make([]pep440.Version, len(stored))
	for i, data := range stored {
		pkg, err := DecodePackage(data)
		if err != nil {
			b.Fatal(err)
		}
		least[i] = pkg.Releases[len(pkg.Releases)-20].Version
	}
	b.ReportAllocs()
	for b.Loop() {
		for i, data := range stored {
			if _, err := DecodePackageFrom(data, least[i]); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkEncodePackage(b *testing.B) {
	pkg, err := DecodePackage(storedFacts(b, 1, false)[0])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		EncodePackage(pkg, false)
	}
}

func storedFacts(tb testing.TB, n int, hashes bool) [][]byte {
	tb.Helper()
	d := newPages()
	var stored [][]byte
	for _, g := range pypisim.Generate(n, 150_000, 1) {
		a, err := d.decode(bytes.NewReader(g.Body), false, 64<<20, wanted{name: g.Name, hashes: hashes})
		if err != nil {
			tb.Fatal(err)
		}
		stored = append(stored, EncodePackage(a.Package, hashes))
	}
	return stored
}
