package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// Branches and bulk boxes whose ticks were refused or taken back.
func (d database) refused(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	for n, sel := range []store.Selection{
		{State: store.Refused, Tick: plan.Tick{Branch: "one"}}, {State: store.Withdrawn, Tick: plan.Tick{Bulk: "all"}},
		{State: store.Pending, Tick: plan.Tick{Branch: "three"}}, {State: store.Done, Tick: plan.Tick{Branch: "four"}},
	} {
		sel.Tick.ID, sel.At = fmt.Sprint(n), t0
		must(t, s.SaveSelection(ctx, "g/p", sel))
	}
	same(t, "refused", got[map[string]bool](t)(s.RefusedBefore(ctx, "g/p")), map[string]bool{"one": true, "all": true})
	must(t, s.EndRefusals(ctx, "g/p"))
	same(t, "listed", len(got[[]store.Selection](t)(s.Selections(ctx, "g/p"))), 1)
	same(t, "another project", got[map[string]bool](t)(s.RefusedBefore(ctx, "g/q")), map[string]bool{})
}

func (d database) views(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	there := func(project string) bool { t.Helper(); return got[bool](t)(s.HasView(ctx, project)) }
	same(t, "before any", there("g/p"), false)
	pins := []store.ViewPin{
		{Project: "g/p", File: "a.txt", Line: 1, Key: "boto3", Name: "boto3", Version: "1.0", Standing: "behind", Target: "2.0", Why: "why"},
		{Project: "g/p", File: "a.txt", Line: 2, Key: "botocore", Name: "botocore", Version: "1.0", Standing: "current"},
	}
	other := store.ViewPin{Project: "g/q", File: "b.txt", Line: 1, Key: "boto3", Name: "Boto3", Version: "2.0", Standing: "current"}
	view := store.View{
		Project: "g/p", At: t0, ViewSummary: store.ViewSummary{Status: "done", Count: 2, Behind: 1, Standings: map[string]int{"current": 1}, Opens: t0},
		Updates: []store.ViewUpdate{{Title: "Update boto3", State: "open", MR: 3}}, Pins: pins,
		Settings: []store.ViewSettings{{Pins: []string{"a.txt:1"}, Settings: []store.ViewSetting{{Key: "mode", Value: "full", Place: "a.yaml:3"}}}},
	}
	must(t, s.KeepView(ctx, view))
	must(t, s.KeepView(ctx, store.View{Project: "g/q", At: t0, Pins: []store.ViewPin{other}}))
	same(t, "there", there("g/p"), true)
	read, ok, err := s.ViewOf(ctx, "G/P")
	must(t, err)
	same(t, "found", ok, true)
	same(t, "read", read, view)
	same(t, "settings", read.SettingsAt("a.txt", 1), view.Settings[0].Settings)
	same(t, "settings that are not known", len(read.SettingsAt("a.txt", 2)), 0)
	all := got[[]store.View](t)(s.Views(ctx))
	same(t, "all", []string{all[0].Project, all[1].Project}, []string{"g/p", "g/q"})
	same(t, "pins of one package", len(got[[]store.ViewPin](t)(s.PinsOf(ctx, "boto3"))), 2)
	same(t, "packages", got[[]store.ViewPackage](t)(s.Packages(ctx, "boto", []string{"g/p", "g/q"}, 5)), []store.ViewPackage{{Key: "boto3", Projects: 2, Pins: 2, Behind: 1}, {Key: "botocore", Projects: 1, Pins: 1}})
	same(t, "one package", len(got[[]store.ViewPackage](t)(s.Packages(ctx, "boto", []string{"g/p"}, 1))), 1)
	// A run that could not judge changes the status alone.
	must(t, s.KeepView(ctx, store.View{Project: "g/p", At: t0.Add(time.Hour), ViewSummary: store.ViewSummary{Status: "failed", Problems: []string{"x"}}}))
	read, _, err = s.ViewOf(ctx, "g/p")
	must(t, err)
	view.At, view.Status, view.Problems = t0.Add(time.Hour), "failed", []string{"x"}
	same(t, "after a run that failed", read, view)
	view.Pins = pins[:1]
	must(t, s.KeepView(ctx, view))
	read, _, err = s.ViewOf(ctx, "g/p")
	must(t, err)
	same(t, "with fewer pins", read, view)
}

// Until when facts may be used, what identifies them, and what is dropped.
func (d database) fresh(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	must(t, s.SaveFacts(ctx, "pypi", []store.Facts{
		{Name: "b", ETag: "e", CheckedAt: t0, Digest: "d", WithHashes: true, Blob: []byte{1}, Details: []byte{2}, Whole: []byte{3}}, {Name: "a", CheckedAt: t0},
	}))
	same(t, "whole", got[[]byte](t)(s.Whole(ctx, "pypi", "b")), []byte{3})
	same(t, "of no package", len(got[[]byte](t)(s.Whole(ctx, "pypi", "c"))), 0)
	must(t, s.KeepFacts(ctx, "pypi", map[string]time.Time{"b": t0.Add(time.Hour), "nobody": t0}))
	stamps := got[[]store.Stamp](t)(s.Stamps(ctx, "pypi", []string{"b", "a", "nobody"}))
	same(t, "stamps", stamps, []store.Stamp{
		{Name: "a", CheckedAt: t0}, {Name: "b", ETag: "e", CheckedAt: t0, FreshUntil: t0.Add(time.Hour), WithHashes: true, Digest: "d"},
	})
	must(t, s.DropFacts(ctx, "pypi", []string{"b", "nobody"}))
	must(t, s.DropFacts(ctx, "pypi", nil))
	known := got[map[string]store.Facts](t)(s.Facts(ctx, "pypi", []string{"a", "b"}))
	same(t, "left", known, map[string]store.Facts{"a": {Name: "a", CheckedAt: t0}})
}

// What strangers wrote is stored, whatever it is. A database that has no place for a byte may keep
// another character in its place.
func (d database) strangers(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	odd := "a\x00b\xffc\u2028\\u0000"
	like := func(text string) bool {
		return strings.HasPrefix(text, "a") && strings.Contains(text, "b") && strings.Contains(text, "c\u2028")
	}
	must(t, s.SaveFacts(ctx, "pypi", []store.Facts{{Name: odd}, {Name: "x", ETag: odd, Blob: []byte(odd)}}))
	known := got[map[string]store.Facts](t)(s.Facts(ctx, "pypi", []string{"x", odd}))
	if f := known["x"]; !like(f.ETag) || string(f.Blob) != odd {
		t.Errorf("facts came back as %+v", f)
	}
	must(t, s.SaveMetadata(ctx, "pypi", []store.MetadataRow{{Name: "x", Version: odd, File: odd, Status: "unknown", Reason: odd}}))
	rows := got[[]store.MetadataRow](t)(s.Metadata(ctx, "pypi", []string{"x"}))
	if len(rows) != 1 || !like(rows[0].File) {
		t.Errorf("metadata came back as %+v", rows)
	}
	must(t, s.SaveMergeRequests(ctx, "g/p", []plan.MergeRequest{{IID: 1, State: plan.Opened, Branch: odd, Title: odd}}))
	if mrs := got[[]plan.MergeRequest](t)(s.MergeRequests(ctx, "g/p")); len(mrs) != 1 || !like(mrs[0].Title) {
		t.Errorf("merge requests came back as %+v", mrs)
	}
	must(t, s.SaveSelection(ctx, "g/p", store.Selection{State: store.Refused, Tick: plan.Tick{ID: "1", Branch: odd, Text: odd}, At: t0}))
	if refused := got[map[string]bool](t)(s.RefusedBefore(ctx, "g/p")); len(refused) != 1 {
		t.Errorf("refused: %v", refused)
	}
}

// Two stores that write the same rows in different orders both succeed.
func (d database) writers(t *testing.T) {
	ctx := t.Context()
	var facts []store.Facts
	var rows []store.MetadataRow
	for i := range 60 {
		name := fmt.Sprint("package-", i)
		facts = append(facts, store.Facts{Name: name, Blob: make([]byte, 500), Details: []byte{1}})
		rows = append(rows, store.MetadataRow{Name: name, Version: "1", Status: "known"})
	}
	stores := []*store.Store{d.open(t), d.open(t)}
	var all sync.WaitGroup
	for n, s := range stores {
		facts, rows := slices.Clone(facts), slices.Clone(rows)
		if n == 1 {
			slices.Reverse(facts)
			slices.Reverse(rows)
		}
		all.Go(func() {
			for range 5 {
				if err := s.SaveFacts(ctx, "pypi", facts); err != nil {
					t.Error(err)
				}
				if err := s.SaveMetadata(ctx, "pypi", rows); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	same(t, "rows", len(got[[]store.MetadataRow](t)(stores[0].Metadata(ctx, "pypi", []string{"package-1", "package-59"}))), 2)
}
