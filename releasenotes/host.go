package releasenotes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/outage"
)

// Bounds of what a host is asked for.
const (
	perPage  = 20
	pages    = 3
	maxBody  = 8 << 20 // bytes of a page
	maxAlone = time.Hour
)

// host reads the releases of a repository on a host that the operator named, without a token.
func (r *Reader) host(ctx context.Context, repo Repository, more func(gitlab.Release) bool) ([]gitlab.Release, error) {
	if until := r.until(repo.Host); time.Now().Before(until) {
		return nil, fmt.Errorf("%s asked to be left alone", repo.Host)
	}
	base := "https://" + repo.Host + "/api/v4/projects/" + url.PathEscape(repo.Path) + "/releases"
	if repo.Host == gitHub {
		base = "https://api.github.com/repos/" + repo.Path + "/releases"
	}
	var all []gitlab.Release
	for page := range pages {
		rows, err := r.page(ctx, repo, fmt.Sprintf("%s?per_page=%d&page=%d", base, perPage, page+1))
		if err != nil {
			return nil, err
		}
		on := len(rows) == perPage
		for _, row := range rows {
			one := row.release()
			if row.Draft {
				continue
			}
			all, on = append(all, one), more(one) && on
		}
		if !on {
			break
		}
	}
	return all, nil
}

// row is a release as the APIs of GitHub and GitLab give it.
// https://docs.github.com/en/rest/releases/releases
type row struct {
	Tag         string    `json:"tag_name"`
	Name        string    `json:"name"`
	Body        string    `json:"body"`
	Description string    `json:"description"`
	PublishedAt time.Time `json:"published_at"`
	ReleasedAt  time.Time `json:"released_at"`
	Draft       bool      `json:"draft"`
}

func (r row) release() gitlab.Release {
	out := gitlab.Release{Tag: r.Tag, Name: r.Name, Text: r.Body, At: r.PublishedAt.UTC()}
	if out.Text == "" {
		out.Text = r.Description
	}
	if out.At.IsZero() {
		out.At = r.ReleasedAt.UTC()
	}
	return out
}

func (r *Reader) page(ctx context.Context, repo Repository, address string) ([]row, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", r.o.UserAgent)
	response, err := r.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch status := response.StatusCode; {
	case status == http.StatusTooManyRequests, status == http.StatusForbidden && limits(response.Header):
		r.leave(repo.Host, response.Header)
		return nil, fmt.Errorf("%s answered %d: too many requests", repo.Host, status)
	case status == http.StatusNotFound, status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusGone, status == http.StatusUnavailableForLegalReasons:
		return nil, fmt.Errorf("%w: %s answered %d", errHidden, repo.Host, status)
	case status != http.StatusOK:
		return nil, fmt.Errorf("%s answered %d", repo.Host, status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxBody {
		return nil, fmt.Errorf("%s answered with more than %d MiB", repo.Host, maxBody>>20)
	}
	var rows []row
	if err := json.Unmarshal(data, &rows); err != nil {
		return nil, fmt.Errorf("%s answered with something that is no list of releases", repo.Host)
	}
	return rows[:min(len(rows), 100)], nil
}

// limits reports whether a refusal is about how much was asked.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
func limits(h http.Header) bool {
	return h.Get("X-RateLimit-Remaining") == "0" || h.Get("Retry-After") != ""
}

// leave notes until when a host asks to be left alone: as it says, an hour at most, and that if it does not say it.
func (r *Reader) leave(host string, h http.Header) {
	now := time.Now()
	until := now.Add(maxAlone)
	if wait, ok := outage.RetryAfter(h); ok {
		until = now.Add(min(wait, maxAlone))
	} else if at, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil && time.Unix(at, 0).Before(until) {
		until = time.Unix(at, 0)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alone[host] = until
}

func (r *Reader) until(host string) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.alone[host]
}

// sameHost follows the few redirects that a renamed repository has, and none to another host.
func sameHost(request *http.Request, via []*http.Request) error {
	if len(via) > 3 {
		return errors.New("more than three redirects")
	}
	if request.URL.Scheme != "https" || !strings.EqualFold(request.URL.Host, via[0].URL.Host) {
		return errors.New("a redirect to another host")
	}
	return nil
}
