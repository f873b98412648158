package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

func (d database) facts(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	var facts []store.Facts
	var names []string
	for i := range 650 {
		f := store.Facts{Name: fmt.Sprint("package-", i), ETag: `"e"`, Serial: int64(i), CheckedAt: t0, WithHashes: i%2 == 0, Blob: []byte{0, byte(i)}}
		facts, names = append(facts, f), append(names, f.Name)
	}
	facts[1].Blob, facts[1].Problem, facts[1].CheckedAt = nil, "502", time.Time{}
	must(t, s.SaveFacts(ctx, "pypi", nil))
	must(t, s.SaveFacts(ctx, "pypi", facts))
	must(t, s.SaveFacts(ctx, "other", []store.Facts{{Name: "package-0"}}))
	known := got[map[string]store.Facts](t)(s.Facts(ctx, "pypi", append(names, "unknown", `quo"te`)))
	same(t, "count", len(known), 650)
	for _, f := range facts {
		same(t, f.Name, known[f.Name], f)
	}
	same(t, "no names", got[map[string]store.Facts](t)(s.Facts(ctx, "pypi", nil)), map[string]store.Facts{})
	facts[0].ETag = "new"
	must(t, s.SaveFacts(ctx, "pypi", facts[:1]))
	same(t, "replaced", got[map[string]store.Facts](t)(s.Facts(ctx, "pypi", names[:1])), map[string]store.Facts{"package-0": facts[0]})
}

func (d database) metadata(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	rows := []store.MetadataRow{
		{Name: "acme", Version: "1.0", File: "acme-1.0.whl", SHA256: "a", Status: "known", Blob: []byte{1, 0}},
		{Name: "acme", Version: "1.1", File: "acme-1.1.tar.gz", Status: "unknown", Reason: "old metadata"},
		{Name: "bcme", Version: "2", File: "bcme-2.whl", SHA256: "b", Status: "refused", Reason: "broken"},
	}
	read := func(index string, names ...string) []store.MetadataRow {
		t.Helper()
		return got[[]store.MetadataRow](t)(s.Metadata(ctx, index, names))
	}
	must(t, s.SaveMetadata(ctx, "pypi", nil))
	must(t, s.SaveMetadata(ctx, "pypi", rows))
	must(t, s.SaveMetadata(ctx, "other", rows[:1]))
	same(t, "all", read("pypi", "bcme", "acme", "nobody", `quo"te`), rows)
	same(t, "one name", read("pypi", "bcme"), rows[2:])
	same(t, "no names", read("pypi"), []store.MetadataRow(nil))
	same(t, "other index", read("other", "acme", "bcme"), rows[:1])
	rows[2].SHA256, rows[2].Status, rows[2].Reason, rows[2].Blob = "c", "known", "", []byte{2}
	must(t, s.SaveMetadata(ctx, "pypi", rows[2:]))
	same(t, "replaced", read("pypi", "acme", "bcme"), rows)
	// Files of one release that say different things stand beside each other.
	parts := []store.MetadataRow{
		{Name: "zcme", Version: "1", File: "zcme-1-arm.whl", SHA256: "d", Status: "known", Blob: []byte{3}, Part: true},
		{Name: "zcme", Version: "1", File: "zcme-1-x86.whl", SHA256: "e", Status: "refused", Reason: "broken", Part: true},
	}
	must(t, s.SaveMetadata(ctx, "pypi", parts))
	must(t, s.SaveMetadata(ctx, "pypi", parts[:1]))
	same(t, "parts", read("pypi", "zcme"), parts)
	// All or none: the second has no such status.
	err := s.SaveMetadata(ctx, "pypi", []store.MetadataRow{{Name: "d", Status: "known"}, {Name: "e", Version: "3", Status: "failed"}})
	if err == nil || !strings.Contains(err.Error(), "save the metadata of index pypi: e 3: ") {
		t.Errorf("an outage was kept: %v", err)
	}
	same(t, "after a failure", read("pypi", "d", "e"), []store.MetadataRow(nil))
}

func (d database) details(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	read := func(index string) map[string][]byte {
		t.Helper()
		return got[map[string][]byte](t)(s.Details(ctx, index, []string{"a", "b", "c"}))
	}
	must(t, s.SaveFacts(ctx, "pypi", []store.Facts{{Name: "a", Details: []byte{1}}, {Name: "b"}, {Name: "c", Details: []byte{3}}}))
	must(t, s.SaveFacts(ctx, "other", []store.Facts{{Name: "b", Details: []byte{9}}}))
	same(t, "saved", read("pypi"), map[string][]byte{"a": {1}, "c": {3}})
	must(t, s.SaveFacts(ctx, "pypi", []store.Facts{{Name: "a", ETag: "e"}, {Name: "c", Details: []byte{4}}}))
	same(t, "kept and replaced", read("pypi"), map[string][]byte{"a": {1}, "c": {4}})
	same(t, "other index", read("other"), map[string][]byte{"b": {9}})
	same(t, "no names", got[map[string][]byte](t)(s.Details(ctx, "pypi", nil)), map[string][]byte{})
	facts := got[map[string]store.Facts](t)(s.Facts(ctx, "pypi", []string{"a", "b"}))
	same(t, "with details", facts["a"], store.Facts{Name: "a", ETag: "e", HasDetails: true})
	same(t, "without", facts["b"], store.Facts{Name: "b"})
}

// files keeps what was read at one commit, and nothing of another.
// bubble has two projects write at once while time stands still.

func (d database) releaseNotes(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	of := store.NotesOf{Place: "https://gitlab.example/g/a", Step: plan.Step{Key: "a", From: "1.0", To: "1.2"}}
	read := func(of store.NotesOf) plan.ReleaseNotes {
		t.Helper()
		notes, _, err := s.ReleaseNotes(ctx, of)
		must(t, err)
		return notes
	}
	same(t, "what nobody saved", read(of), plan.ReleaseNotes{})
	want := plan.ReleaseNotes{State: plan.NotesRead, More: 2, Notes: []plan.ReleaseNote{{Version: "1.2", Title: "t", At: t0, Text: "a\x01\"\u202e\n/merge"}, {Version: "1.1", Text: "b"}}}
	must(t, s.SaveReleaseNotes(ctx, of, plan.ReleaseNotes{State: plan.NotesRead}, t0))
	same(t, "that there are none", read(of), plan.ReleaseNotes{State: plan.NotesRead})
	must(t, s.SaveReleaseNotes(ctx, of, want, t0.Add(time.Hour)))
	same(t, "what was saved", read(of), want)
	_, at, err := s.ReleaseNotes(ctx, of)
	must(t, err)
	same(t, "when", at, t0.Add(time.Hour))
	other := of
	other.To = "1.3"
	same(t, "another step", read(other), plan.ReleaseNotes{})
	must(t, s.SaveReleaseNotes(ctx, other, want, t0.Add(200*24*time.Hour)))
	same(t, "what is old", read(of), plan.ReleaseNotes{})
	same(t, "what is new", read(other), want)
}
