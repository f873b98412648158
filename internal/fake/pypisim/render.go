package pypisim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sort"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// shelf is one project of the index.
type shelf struct {
	features
	name   string
	events []event // by time; equal ones as they came
	page   []byte  // a recorded or generated page, instead of events

	generated *Generated          // what page was made from, if it has metadata
	allReal   bool                // every file's digest on the page is true
	filesAt   string              // before the paths of files
	made      map[string]made     // files made so far
	listed    map[string]jsonFile // what the current page lists, by file name

	shown int // how many events the cached answer shows
	body  []byte
	etag  string
	zip   []byte // body compressed, made when first asked for
}

func (s *shelf) add(e event) {
	i := sort.Search(len(s.events), func(i int) bool { return s.events[i].at.After(e.at) })
	s.events = slices.Insert(s.events, i, e)
	s.shown = -1
}

// visible counts the events up to now. Statements without a time come first.
func (s *shelf) visible(now time.Time) int {
	return sort.Search(len(s.events), func(i int) bool { return s.events[i].at.After(now) })
}

// render makes the page of the first n events current; nil means that the
// index does not know the project.
func (s *shelf) render(n int) []byte {
	if s.shown != n || s.body == nil {
		s.shown, s.zip = n, nil
		s.listed = map[string]jsonFile{}
		if s.body = s.page; s.page == nil {
			s.body = s.build(s.events[:n])
		}
		sum := sha256.Sum256(s.body)
		s.etag = `"` + hex.EncodeToString(sum[:16]) + `"`
	}
	return s.body
}

// The page as PEP 691, 700 and 792 have it.
type jsonPage struct {
	Files    []jsonFile  `json:"files"`
	Meta     jsonMeta    `json:"meta"`
	Name     string      `json:"name"`
	Status   *jsonStatus `json:"project-status,omitempty"`
	Versions []string    `json:"versions,omitempty"`
}

type jsonMeta struct {
	Serial  int64  `json:"_last-serial,omitempty"`
	Version string `json:"api-version"`
}

type jsonStatus struct {
	Reason string `json:"reason,omitempty"`
	Status string `json:"status"`
}

type jsonFile struct {
	CoreMetadata any               `json:"core-metadata"`
	Filename     string            `json:"filename"`
	Hashes       map[string]string `json:"hashes"`
	Python       *string           `json:"requires-python"`
	Size         int               `json:"size"`
	Uploaded     string            `json:"upload-time,omitempty"`
	URL          string            `json:"url"`
	Yanked       any               `json:"yanked"`

	version string
	at      time.Time
	tags    string
	core    core
}

// build plays events.
func (s *shelf) build(events []event) []byte {
	page := jsonPage{Name: s.name, Meta: jsonMeta{Version: "1.4"}, Files: []jsonFile{}}
	status := jsonStatus{Status: "active"}
	known := false
	for _, e := range events {
		switch e.kind {
		case release, addFile, project:
			known = true
		case remove:
			known = known && e.version != "*"
		case yank, setStatus:
		}
		s.play(&page, &status, e)
		if !e.at.IsZero() && !s.noSerials {
			page.Meta.Serial = e.at.Unix()
		}
	}
	if !known {
		return nil
	}
	page.Status = &status
	if status.Status == "quarantined" {
		page.Files, page.Versions = []jsonFile{}, nil
	}
	slices.SortStableFunc(page.Files, func(a, b jsonFile) int { return strings.Compare(a.Filename, b.Filename) })
	slices.SortStableFunc(page.Versions, compareVersions)
	for i := range page.Files {
		s.finish(&page.Files[i])
	}
	if s.noVersions {
		page.Versions, page.Meta.Version = nil, "1.0"
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(page) // a page of texts and numbers always encodes
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// play applies one event.
func (s *shelf) play(page *jsonPage, status *jsonStatus, e event) {
	switch e.kind {
	case release, addFile:
		if !slices.Contains(page.Versions, e.version) {
			page.Versions = append(page.Versions, e.version)
		}
		if e.kind == addFile && !e.core.told {
			e.core = s.coreOf(e)
		}
		for _, tags := range e.tags {
			page.Files = append(page.Files, s.file(e, tags))
		}
	case yank:
		for i := range page.Files {
			if page.Files[i].version == e.version {
				page.Files[i].Yanked = yankValue(e.text)
			}
		}
	case remove:
		gone := func(v string) bool { return e.version == "*" || v == e.version }
		page.Versions = slices.DeleteFunc(page.Versions, gone)
		page.Files = slices.DeleteFunc(page.Files, func(f jsonFile) bool { return gone(f.version) })
	case setStatus, project:
		if e.status != "" {
			*status = jsonStatus{Status: e.status, Reason: e.text}
		}
	}
}

func (s *shelf) file(e event, tags string) jsonFile {
	stem := strings.ReplaceAll(s.name, "-", "_") + "-" + e.version
	name := stem + "-" + tags + ".whl"
	if tags == "sdist" {
		name = stem + ".tar.gz"
	}
	sum := sha256.Sum256([]byte(name))
	digest := hex.EncodeToString(sum[:])
	f := jsonFile{
		CoreMetadata: false, Filename: name, Hashes: map[string]string{"sha256": digest},
		Size: 10_000 + int(sum[0])*100, URL: "/files/" + digest[:2] + "/" + digest[2:4] + "/" + name,
		Yanked: false, version: e.version, at: e.at, tags: tags, core: e.core,
	}
	if e.python != "" {
		f.Python = &e.python
	}
	if e.yanked {
		f.Yanked = yankValue(e.text)
	}
	if !s.noTimes {
		f.Uploaded = e.at.Format("2006-01-02T15:04:05.000000Z")
	}
	if s.noHashes {
		f.Hashes = map[string]string{}
	}
	return f
}

func yankValue(reason string) any {
	if reason == "" {
		return true
	}
	return reason
}

// compareVersions orders by PEP 440; what is no version comes first, as text.
func compareVersions(a, b string) int {
	v, errA := pep440.Parse(a)
	w, errB := pep440.Parse(b)
	if errA != nil && errB != nil {
		return strings.Compare(a, b)
	}
	return v.Compare(w)
}
