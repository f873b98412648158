package pypi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"gitlab.com/cki-project/pinwheel/python/dist"
	"gitlab.com/cki-project/pinwheel/python/metadata"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// MetadataRequest asks what one release requires.
type MetadataRequest struct {
	Source  Source
	Name    string
	Version string // any spelling of PEP 440
	// Files are files of the release, best first. The first one with metadata is the answer.
	Files []FileDetails
}

// MetadataStatus says how much is known of what a release requires.
type MetadataStatus string

// The statuses.
const (
	Known   MetadataStatus = "known"
	Unknown MetadataStatus = "unknown" // nobody can read it from a file without running code
	Refused MetadataStatus = "refused" // broken or not what the index says
	// Withheld: the index lists files that it gives to nobody. It is valid for this run alone.
	Withheld MetadataStatus = "withheld"
)

// MetadataAnswer is what is known of a release. It is valid as long as File has SHA256.
type MetadataAnswer struct {
	Status   MetadataStatus
	Metadata metadata.Metadata // if it is known
	Reason   string            // one clause if it is not: the file and what is wrong
	// File is the file that was read, or if none could be, the first that was tried. SHA256 is its
	// digest, "" if the page gives none.
	File   string
	SHA256 string
	// Proof is the digest with which the content was checked: SHA256, or that of the metadata
	// beside the file. It is "" if the content was not checked, as for pieces of a wheel. Only
	// checked content may be kept for good.
	Proof string
	// Doubtful says that the content did not have the digest that the index gives. It may be
	// damaged on its way, so the refusal is valid only for now.
	Doubtful bool
}

// ErrNoRoom is the error of an answer that does not fit beside those before it.
var ErrNoRoom = errors.New("no room is left for what releases require")

// MetadataResult is the result of one MetadataRequest.
type MetadataResult struct {
	Request MetadataRequest
	Answer  MetadataAnswer
	Err     error
}

// Metadata reads what a release requires. For a wheel it is the metadata that the index serves
// beside it (PEP 658), checked against its digest, or METADATA from inside it, by ranges if the
// server supports them, else from the whole wheel up to 32 MiB. For a source distribution it is
// PKG-INFO if that is final for every wheel built from it (PEP 643).
//
// If it cannot be known, is broken, hostile or another release's, that is an answer. An error,
// always an *Error, means that it is not known yet: the server failed or does not have the file. If
// it does not have the file, FetchMetadata of a Client of ForRun gives the answer Withheld instead.
func (c *Client) Metadata(ctx context.Context, r MetadataRequest) (MetadataAnswer, error) {
	return c.metadata(ctx, r, nil)
}

// FetchMetadata is Metadata for many releases, as FetchAll is Do for many pages: with a bound, in
// order, a failure stops no other request, and a server that fails for one after the other is left
// alone.
//
// room is how many bytes the answers may take together, see metadata.Size. The first that does not
// fit, in the order of the requests, and all after it are ErrNoRoom. As soon as so much was read,
// no further request is sent.
func (c *Client) FetchMetadata(ctx context.Context, requests []MetadataRequest, room int, progress func(done, total int)) []MetadataResult {
	results := make([]MetadataResult, len(requests))
	var held atomic.Int64
	ask := func(origins *breaker, i int) error {
		results[i].Request = requests[i]
		if room <= 0 || held.Load() > int64(room) {
			results[i].Err = ErrNoRoom
			return ErrNoRoom
		}
		answer, err := c.metadata(ctx, requests[i], origins)
		held.Add(int64(answer.Metadata.Size()))
		results[i].Answer, results[i].Err = answer, err
		return err
	}
	defer func() { fit(results, room) }()
	origins := c.breaker()
	c.forAll(ctx, len(requests), progress, func(i int) { _ = ask(origins, i) })
	skipped := map[int]error{}
	for i, r := range results {
		if refusedBefore(r.Err) {
			skipped[i] = r.Err
		}
	}
	c.resume(ctx, skipped, resumed{func(i int) string { return startOf(results[i].Err) }, ask})
	for i := range results { // now that all others have answered
		r := &results[i]
		if reason, ok := c.withheld(r.Err); ok {
			r.Answer, r.Err = MetadataAnswer{Status: Withheld, Reason: reason}, nil
		}
	}
	return results
}

// fit drops the answers beyond a room. Requests begin in their order, so that all before the first
// answer without room were sent. Which one that is does not depend on who answered first.
func fit(results []MetadataResult, room int) {
	for i := range results {
		r := &results[i]
		if room -= r.Answer.Metadata.Size(); room < 0 || errors.Is(r.Err, ErrNoRoom) {
			r.Answer, r.Err = MetadataAnswer{}, ErrNoRoom
		}
	}
}

// startOf is the origin that was asked first, before an error.
func startOf(err error) string {
	var problem *Error
	if !errors.As(err, &problem) {
		return ""
	}
	return problem.start
}

func (c *Client) metadata(ctx context.Context, r MetadataRequest, origins *breaker) (MetadataAnswer, error) {
	q := query{Request: Request{Source: r.Source, Name: r.Name}, name: pep508.NormalizeName(r.Name)}
	if err := q.prepare(); err != nil {
		return MetadataAnswer{}, err
	}
	version, err := pep440.Parse(r.Version)
	if err != nil || len(r.Files) == 0 {
		return MetadataAnswer{}, q.problem(Unsupported, "was not asked for the metadata of %s %s: it names no version or no file", q.name, clean(r.Version))
	}
	q.what = fmt.Sprintf("the metadata of %s %s", q.name, clean(r.Version))
	first := MetadataAnswer{Status: Unknown, File: r.Files[0].Name, SHA256: r.Files[0].SHA256}
	var missing, refused error
	of := inquiry{client: c, query: &q, version: version, origins: origins}
	for _, file := range r.Files {
		m, proof, err := of.file(ctx, file)
		var why refusal
		var unknown unknowable
		var problem *Error
		switch {
		case err == nil:
			return MetadataAnswer{Status: Known, Metadata: m, File: file.Name, SHA256: file.SHA256, Proof: proof}, nil
		case errors.As(err, &why):
			return MetadataAnswer{Status: Refused, Reason: clause(file, string(why)), File: file.Name, SHA256: file.SHA256, Proof: proof,
				Doubtful: why == wrongBeside || why == wrongDigest}, nil
		case errors.As(err, &unknown):
			if first.Reason == "" {
				first.Reason = clause(file, string(unknown))
				if file.Name == first.File {
					first.Proof = proof
				}
			}
		case errors.As(err, &problem) && (problem.forGood || problem.Kind == Unsupported && problem.status == 0):
			problem.file = file.Name
			missing = cmp.Or(missing, err) // another file may exist
		case problem != nil && problem.mayBeMeant():
			problem.file = file.Name
			refused = cmp.Or(refused, err)
		default:
			return MetadataAnswer{}, err
		}
	}
	switch {
	case refused != nil:
		return MetadataAnswer{}, refused
	case missing != nil:
		return MetadataAnswer{}, missing
	}
	return first, nil
}

func clause(file FileDetails, what string) string { return clean(file.Name) + " " + what }

// inquiry asks for the metadata of one release.
type inquiry struct {
	client  *Client
	query   *query
	version pep440.Version
	origins *breaker
}

// file reads the metadata of one file and makes sure that it is the release's. proof is its digest,
// also if it is refused.
func (i inquiry) file(ctx context.Context, file FileDetails) (m metadata.Metadata, proof string, err error) {
	q := i.query
	name, err := dist.ParseFor(q.name, file.Name)
	if err != nil || !name.Version.Equal(i.version) {
		return metadata.Metadata{}, "", q.problem(Unsupported, "was not asked{for}: %s is no file of it", clean(file.Name))
	}
	d, problem := i.client.download(q, file, i.origins)
	if problem != nil {
		return metadata.Metadata{}, "", problem
	}
	defer d.done()
	var data []byte
	if name.Kind == dist.Wheel {
		data, err = d.wheel(ctx)
	} else {
		data, err = d.sdist(ctx)
	}
	if err == nil {
		m, err = judgeMetadata(q, name, i.version, data)
	}
	if err == nil || d.proof != "" {
		d.vouches()
	}
	return m, d.proof, err
}

// judgeMetadata parses the content of a file and makes sure that it is the release's.
func judgeMetadata(q *query, name dist.File, version pep440.Version, data []byte) (metadata.Metadata, error) {
	m, err := metadata.Parse(data)
	if name.Kind == dist.Sdist {
		// Metadata that is not final may be broken.
		if why := m.NotStatic(); why != "" {
			return metadata.Metadata{}, unknowable("does not tell: " + why)
		}
	}
	if broken, ok := errors.AsType[*metadata.Error](err); ok {
		return metadata.Metadata{}, refusal(broken.Problem)
	}
	if !pep508.SameName(m.Name, q.name) {
		return metadata.Metadata{}, refusef("has the metadata of another project, %s", clean(m.Name))
	}
	if v, err := pep440.Parse(m.Version); err != nil || !v.Equal(version) {
		return metadata.Metadata{}, refusef("has the metadata of another version, %s", clean(m.Version))
	}
	return m, nil
}
