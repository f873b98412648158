package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/store"
)

// A run that found nothing to do leaves a record of its requests and their answers. The
// next run first sends the same requests. If all answers are the same, and no instant has
// passed at which time alone changes something, that run ends: see docs/adr/0021.
// Otherwise it goes on like every run, and does not repeat the requests.

// wholeWithin is how long a record counts at most, whatever is in it.
const wholeWithin = 24 * time.Hour

// heard holds the answers that a run got before it observes, and those that it gets then.
type heard struct {
	gitlab gitlab.Recording
	index  *pypi.Client           // nil if no index was asked
	pages  map[string]pypi.Result // by name, each for one question
}

// fingerprint is a digest of everything that a run depends on, except for the world and
// the store. It is empty if nothing distinguishes this program or configuration from
// another.
func (r *run) fingerprint(project config.Project) string {
	if r.Version == "" || r.GitLab == nil || project.Digest() == "" {
		return ""
	}
	all := []any{r.Version, project.Digest(), r.GitLab.URL(), r.FormerUsers, r.StatusURL, r.HelpURL}
	if r.pause != nil {
		all = append(all, r.pause.Text)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Sources)) {
		s := r.Sources[name]
		all = append(all, name, s.Index.URL, s.Index.IgnoreUploadTimes, s.Username, s.AllowHTTP)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "" // there are only texts
	}
	return digestOf(text)
}

func digestOf(texts ...[]byte) string {
	sum := sha256.New()
	for _, text := range texts {
		fmt.Fprintf(sum, "%d\n", len(text))
		sum.Write(text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// unchanged repeats the requests of the last run, if that found nothing to do. If it gets
// the same answers, this run ends. ended is false if the run has to go on.
func (r *run) unchanged(ctx context.Context, project config.Project, id int64) (report Report, ended bool) {
	q, ok := r.recorded(ctx, project, id)
	if !ok {
		return Report{}, false
	}
	asked, ok := r.questions(q, func(index string, names []string) ([]store.Stamp, error) { return r.Store.Stamps(ctx, index, names) })
	if !ok || !r.same(ctx, q, asked) {
		return Report{}, false
	}
	if err := r.Store.FinishQuiet(ctx, store.QuietRun{Project: project.Path, ID: id, Now: r.now.Asking()}, q); err != nil {
		return Report{}, false
	}
	return quietReport(r.now.Asking(), project, q), true
}

// recorded finds the record of the last run, if it counts now and here.
func (r *run) recorded(ctx context.Context, project config.Project, id int64) (store.Quiet, bool) {
	if r.Whole || r.Views && !r.viewed(ctx, project.Path) {
		return store.Quiet{}, false
	}
	q, ok, err := r.Store.Quiet(ctx, project.Path, id)
	if err != nil || !ok || !r.counts(project, q) {
		return store.Quiet{}, false
	}
	places, err := r.Budget.may(ctx, r.now.Asking())
	return q, err == nil && samePlaces(places, q.Places)
}

// counts reports whether a record is of this program and configuration, and of this time.
func (r *run) counts(project config.Project, q store.Quiet) bool {
	by, now := r.fingerprint(project), r.now.Asking()
	return by != "" && q.By == by && !now.Before(q.From) && now.Before(q.Until)
}

func samePlaces(a, b *int) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

// same asks what a record asked, and reports whether all answers are the same. Then it stores what
// every run stores of the answers of indexes.
func (r *run) same(ctx context.Context, q store.Quiet, asked questions) bool {
	return r.ask(ctx, q, asked) && r.keepAsked(ctx, asked) == nil // the whole run says what is wrong with the store
}

// questions are the pages that a run asks for now.
type questions struct {
	requests []pypi.Request
	gone     map[string]bool   // names that their index did not know
	whole    map[string]string // of names whose page is to be read whole, the digest of what it was
	wanted   map[string]decide.Wanted
}

// same reports whether an answer tells nothing new.
func (q questions) same(res pypi.Result) bool {
	name, a := res.Request.Name, res.Answer
	whole, read := q.whole[name]
	switch {
	case res.Err != nil || a.Stale || a.Withheld != "":
		return false
	case q.gone[name]:
		return !a.NotModified && !a.Known
	case read:
		return a.Known && !a.NotModified && whole == pageDigest(a.Package, res)
	}
	return a.NotModified
}

// pageDigest is of all that a page says.
func pageDigest(pkg plan.Package, res pypi.Result) string {
	pkg.HasFacts, pkg.Known = true, res.Answer.Known
	return digestOf(pypi.EncodePackage(pkg, res.Request.Hashes), res.Answer.Details)
}

// questions makes the requests for the pages of a record, as a run would. ok is false if
// the facts in the store are not those that the record was made with. stamps reads these.
func (r *run) questions(q store.Quiet, stampsOf func(index string, names []string) ([]store.Stamp, error)) (asked questions, ok bool) {
	asked = questions{gone: map[string]bool{}, whole: map[string]string{}, wanted: map[string]decide.Wanted{}}
	for _, pages := range q.Pages {
		stamps, err := stampsOf(pages.Index, pages.Names)
		if err != nil || stampsDigest(pages, stamps) != pages.Facts || !r.add(&asked, pages, stamps) {
			return asked, false
		}
	}
	return asked, true
}

// add adds the questions for the pages of one index, and reports whether the record
// of them can be read.
func (r *run) add(asked *questions, pages store.QuietPages, stamps []store.Stamp) bool {
	of := map[string]store.Stamp{}
	for _, s := range stamps {
		of[s.Name] = s
	}
	hashed := setOf(pages.Hashed)
	maps.Copy(asked.gone, setOf(pages.Gone))
	for i, name := range pages.Names {
		request := pypi.Request{Source: r.Sources[pages.Index], Name: name, Hashes: hashed[name], Details: true}
		if s := of[name]; !asked.gone[name] {
			facts := store.Facts{ETag: s.ETag, Serial: s.Serial, CheckedAt: s.CheckedAt, FreshUntil: s.FreshUntil}
			if conditions(r.now, &request, facts); isFresh(r.now, facts) {
				continue
			}
			if request.ETag == "" {
				least, err := leastOf(pages, i)
				if err != nil {
					return false
				}
				asked.whole[name], asked.wanted[name] = s.Digest, decide.Wanted{Hashes: hashed[name], Least: least}
			}
		}
		asked.requests = append(asked.requests, request)
	}
	return true
}

func setOf(names []string) map[string]bool {
	out := make(map[string]bool, len(names))
	for _, name := range names {
		out[name] = true
	}
	return out
}

// leastOf is the lowest pin of a name, zero if it has none.
func leastOf(pages store.QuietPages, i int) (pep440.Version, error) {
	if i >= len(pages.Least) || pages.Least[i] == "" {
		return pep440.Version{}, nil
	}
	return pep440.Parse(pages.Least[i])
}

// stampsDigest is a digest of which facts of pages are stored. Names that the index does
// not know are left out.
func stampsDigest(pages store.QuietPages, stamps []store.Stamp) string {
	sum := sha256.New()
	gone := setOf(pages.Gone)
	for _, s := range stamps {
		if !gone[s.Name] {
			what := s.Digest
			if what == "" {
				what = fmt.Sprintf("%q %d", s.ETag, s.CheckedAt.UnixNano())
			}
			fmt.Fprintf(sum, "%s %s %t\n", s.Name, what, s.WithHashes)
		}
	}
	fmt.Fprintln(sum, len(stamps))
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// ask sends the requests to GitLab and to the indexes at the same time, and reports whether
// all answers are those of the record. It keeps the answers for the run.
func (r *run) ask(parent context.Context, q store.Quiet, asked questions) bool {
	ctx, stop := context.WithCancel(parent)
	defer stop()
	r.heard.index, r.heard.pages = r.Index.ForRun(nil), make(map[string]pypi.Result, len(asked.requests))
	same := true
	var gitlabSame bool
	var both sync.WaitGroup
	both.Go(func() {
		var err error
		if gitlabSame, err = r.GitLab.Replay(ctx, r.readsOf(q), &r.heard.gitlab); err != nil {
			stop() // without GitLab no run asks an index
		}
	})
	fresh := 0
	r.heard.index.FetchEach(ctx, asked.requests, r.Progress, func(_ int, res pypi.Result) {
		same = same && asked.same(res)
		if res.Err == nil && res.Answer.Known && !res.Answer.NotModified {
			fresh++
		}
		if res.Err == nil && res.Answer.Withheld == "" && fresh <= mostHeld {
			r.heard.pages[res.Request.Name] = res
		}
	})
	both.Wait()
	return same && gitlabSame && fresh <= mostHeld && parent.Err() == nil
}

// mostHeld bounds how many new pages are held whole until the run takes them over.
const mostHeld = 32

// readsOf are the reads of a record, but for those of a dashboard that is known to be as it was.
func (r *run) readsOf(q store.Quiet) []gitlab.Read {
	d := q.Dashboard
	known := r.Unchanged != nil && d.IID != 0 && !d.Foreign && r.Unchanged(d)
	all := fmt.Sprintf("/projects/%d/issues", d.Project)
	one := fmt.Sprintf("%s/%d", all, d.IID)
	out := make([]gitlab.Read, 0, len(q.Reads))
	for _, read := range q.Reads {
		path, query, _ := strings.Cut(read.URL, "?")
		own := strings.HasSuffix(path, all) && strings.Contains(query, "scope=created_by_me") && strings.Contains(query, "state=opened")
		if known && (own || strings.HasSuffix(path, one) || strings.HasSuffix(path, one+"/notes")) {
			continue
		}
		out = append(out, gitlab.Read(read))
	}
	return out
}

// keepAsked stores what every run stores of the answers of indexes.
func (r *run) keepAsked(ctx context.Context, asked questions) error {
	x := r.newIndexReader(plan.Policy{})
	a := asking{r: x, wanted: asked.wanted, stored: map[string]store.Facts{}, still: map[string]map[string]time.Time{}, fresh: saver{r: x, rows: map[string][]store.Facts{}}}
	for _, request := range asked.requests {
		res := r.heard.pages[request.Name]
		if _, read := asked.whole[request.Name]; read || asked.gone[request.Name] || res.Answer.Fresh > 0 {
			a.take(ctx, res)
		}
	}
	return a.keep(ctx)
}

// quietReport is the report of the run that left a record.
func quietReport(now time.Time, project config.Project, q store.Quiet) Report {
	out := Report{Status: Done, Quiet: true}
	out.Plan.Pins, out.Plan.Behind, out.Plan.OpenCount = q.Pins, q.Behind, q.Open
	for _, s := range slices.Sorted(maps.Keys(q.Standings)) {
		for range q.Standings[s] {
			out.Plan.Standings = append(out.Plan.Standings, plan.PinStanding{Standing: plan.Standing(s)})
		}
	}
	for _, s := range slices.Sorted(maps.Keys(q.States)) {
		for range q.States[s] {
			out.Plan.Updates = append(out.Plan.Updates, plan.Update{State: plan.State(s)})
		}
	}
	if q.Own != "" {
		if own, _, err := project.Own([]byte(q.Own)); err == nil {
			project = own
		}
	}
	out.Windows = Windows(project.Policy)
	d := q.Dashboard
	out.left = mark{project: d.Project, iid: d.IID, at: d.At, foreign: d.Foreign, awaits: from(now, q.Awaited)}
	return out
}
