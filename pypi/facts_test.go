package pypi

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

func same(t interface{ Fatalf(string, ...any) }, got, want plan.Package) {
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("have %+v\nwant %+v", got, want)
	}
}

// packages draws packages as the decoder of pages makes them.
func packages(t *rapid.T) plan.Package {
	text := rapid.SampledFrom([]string{"", ">=3.8", ">=3.9,<4", "broken", "näh"})
	pkg := plan.Package{
		Name: rapid.StringMatching(`[a-z][a-z0-9-]{0,9}`).Draw(t, "name"), Index: "pypi",
		Known: rapid.Bool().Draw(t, "known"), HasFacts: rapid.Bool().Draw(t, "facts"),
		Status: text.Draw(t, "status"), StatusReason: text.Draw(t, "why"),
	}
	for range rapid.IntRange(0, 5).Draw(t, "releases") {
		v, err := pep440.Parse(rapid.StringMatching(`[0-9]{1,3}(\.[0-9]{1,3}){0,3}(rc1|\.post2|\.dev3)?`).Draw(t, "version"))
		if err != nil {
			t.Fatal(err)
		}
		r := plan.Release{Version: v}
		for range rapid.IntRange(0, 4).Draw(t, "files") {
			f := plan.DistFile{Name: rapid.String().Draw(t, "file"), RequiresPython: text.Draw(t, "python")}
			f.Says = rapid.Uint8Max(3).Draw(t, "says")
			f.Yanked, f.YankedReason = rapid.Bool().Draw(t, "yanked"), text.Draw(t, "reason")
			if rapid.Bool().Draw(t, "timed") {
				f.Uploaded = time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, "time")).UTC()
			}
			if rapid.Bool().Draw(t, "hashed") {
				f.SHA256 = rapid.StringMatching(`[0-9a-f]{64}`).Draw(t, "sha256")
			}
			r.Files = append(r.Files, f)
		}
		pkg.Releases = append(pkg.Releases, r)
	}
	return pkg
}

func TestFactsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pkg := packages(t)
		data := EncodePackage(pkg, true)
		back, err := DecodePackage(data)
		if err != nil {
			t.Fatal(err)
		}
		same(t, back, pkg)
		if !HasHashes(data) || !bytes.Equal(EncodePackage(back, true), data) {
			t.Fatal("encoding is not stable")
		}
		bare := EncodePackage(pkg, false)
		if HasHashes(bare) {
			t.Fatal("hashes where none were asked for")
		}
		back, err = DecodePackage(bare)
		if err != nil {
			t.Fatal(err)
		}
		for i := range pkg.Releases {
			for j := range pkg.Releases[i].Files {
				pkg.Releases[i].Files[j].SHA256 = ""
			}
		}
		same(t, back, pkg)
	})
}

// TestFactsFrom: passing over old releases changes nothing about the others.
func TestFactsFrom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pkg := packages(t)
		slices.SortStableFunc(pkg.Releases, func(a, b plan.Release) int { return a.Version.Compare(b.Version) })
		if len(pkg.Releases) == 0 {
			return
		}
		i := rapid.IntRange(0, len(pkg.Releases)-1).Draw(t, "from")
		least := pkg.Releases[i].Version
		back, err := DecodePackageFrom(EncodePackage(pkg, true), least)
		if err != nil {
			t.Fatal(err)
		}
		pkg.Releases = slices.DeleteFunc(pkg.Releases, func(r plan.Release) bool { return r.Version.Compare(least) < 0 })
		same(t, back, pkg)
	})
	v, _ := pep440.Parse("2.0")
	old, _ := pep440.Parse("1.0")
	pkg := plan.Package{Name: "acme", Releases: []plan.Release{{Version: old, Files: []plan.DistFile{{Name: "a", SHA256: strings.Repeat("0", 64)}}}}}
	if back, err := DecodePackageFrom(EncodePackage(pkg, true), v); err != nil || back.Releases != nil {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestFactsLeaveOutTheRun(t *testing.T) {
	back, err := DecodePackage(EncodePackage(plan.Package{Name: "acme", Failure: "the index is down", HasFacts: true}, false))
	if err != nil || back.Failure != "" || back.Name != "acme" {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestDamagedFacts(t *testing.T) {
	v, _ := pep440.Parse("1.0")
	good := EncodePackage(plan.Package{Name: "acme", Releases: []plan.Release{{Version: v, Files: []plan.DistFile{
		{Name: "acme-1.0.tar.gz", RequiresPython: ">=3", SHA256: strings.Repeat("0", 64), Uploaded: time.Unix(1, 0)},
	}}}}, true)
	if _, err := DecodePackage(good); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		if _, err := DecodePackage(good[:i]); err == nil {
			t.Errorf("the first %d of %d bytes decode", i, len(good))
		}
	}
	if _, err := DecodePackage(append(bytes.Clone(good), 0)); err == nil {
		t.Error("a byte too many decodes")
	}
	if _, err := DecodePackage(append([]byte{9}, good[1:]...)); err == nil {
		t.Error("another version decodes")
	}
}

func FuzzDecodePackage(f *testing.F) {
	v, _ := pep440.Parse("1.0")
	f.Add(EncodePackage(plan.Package{Name: "acme", Known: true, Releases: []plan.Release{{Version: v, Files: []plan.DistFile{
		{Name: "acme-1.0.tar.gz", RequiresPython: ">=3", SHA256: strings.Repeat("a", 64), Uploaded: time.Unix(1, 0), Yanked: true, YankedReason: "x"},
	}}}}, true))
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		pkg, err := DecodePackage(data)
		if err != nil {
			return
		}
		if _, err := DecodePackageFrom(data, v); err != nil {
			t.Fatalf("%v: % x", err, data)
		}
		// What decodes is a package like any other: its own encoding holds it.
		first := EncodePackage(pkg, true)
		back, err := DecodePackage(first)
		if err != nil || !bytes.Equal(EncodePackage(back, true), first) {
			t.Fatalf("%v: % x", err, data)
		}
	})
}

// Recent facts answer as the whole ones do, from where they begin.
func TestRecentFacts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pkg := packages(t)
		slices.SortFunc(pkg.Releases, func(a, b plan.Release) int { return a.Version.Compare(b.Version) })
		at := func(label string) pep440.Version {
			v, err := pep440.Parse(rapid.StringMatching(`[0-9]{1,3}(\.[0-9]{1,3})?`).Draw(t, label))
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		least, from := at("least"), at("from")
		whole, recent := EncodePackage(pkg, true), EncodeRecent(pkg, true, least)
		if IsRecent(whole) || len(recent) > len(whole)+len(least.String())+1 {
			t.Fatal("nothing was left out")
		}
		back, err := DecodePackageFrom(recent, from)
		if IsRecent(recent) && from.Compare(least) < 0 {
			if !errors.Is(err, ErrOlder) {
				t.Fatalf("older ones were asked for: %v", err)
			}
			return
		}
		want, err2 := DecodePackageFrom(whole, from)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		same(t, back, want)
		if _, err := DecodePackage(recent); IsRecent(recent) && !errors.Is(err, ErrOlder) {
			t.Fatalf("all were asked for: %v", err)
		}
	})
}

// TestFactsOfAnEarlierVersion: what was written when fewer files counted is
// read, and is no reason to believe that nothing changed.
func TestFactsOfAnEarlierVersion(t *testing.T) {
	pkg := plan.Package{Name: "a", Index: "pypi", Known: true, HasFacts: true, Status: "active", Releases: []plan.Release{{Version: versionOf(t, "1.0")}}}
	data := EncodePackage(pkg, true)
	if !IsWhole(data) || !HasHashes(data) {
		t.Error("facts as they are written now are not whole")
	}
	data[0] = factsFewer
	got, err := DecodePackage(data)
	if err != nil || len(got.Releases) != 1 || IsWhole(data) || !HasHashes(data) {
		t.Errorf("version 1: %+v, %v, whole %t", got, err, IsWhole(data))
	}
	data[0] = 9
	if _, err := DecodePackage(data); err == nil || IsWhole(data) {
		t.Error("an unknown version is read")
	}
}

func versionOf(t *testing.T, s string) pep440.Version {
	t.Helper()
	v, err := pep440.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
