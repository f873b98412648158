package gitlab

import (
	"fmt"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

const (
	perPage  = 100 // GitLab's maximum
	maxPages = 500 // offset pages end at 50,000 rows on GitLab.com
)

// Query asks for one page of a list, as client-go's methods do.
type Query[T any] func(page api.ListOptions) ([]T, *api.Response, error)

// List collects a whole list. One of more than 50,000 rows is ErrTooLarge.
func List[T any](ask Query[T]) ([]T, error) {
	var all []T
	whole, err := Walk(maxPages, ask, func(row T) bool {
		all = append(all, row)
		return true
	})
	switch {
	case err != nil:
		return nil, err
	case !whole:
		return nil, fmt.Errorf("%w: more than %d rows", ErrTooLarge, maxPages*perPage)
	}
	return all, nil
}

// Walk calls take for the rows of a list, of so many pages at most, until take is
// content and returns false. It still calls take for the rest of that page, since
// rows of one instant have no order. It reports whether take was content or the list
// has ended.
func Walk[T any](pages int, ask Query[T], take func(T) bool) (whole bool, err error) {
	for page := range pages {
		rows, resp, err := ask(api.ListOptions{Page: int64(page) + 1, PerPage: perPage})
		if err != nil {
			return false, err
		}
		more := true
		for _, row := range rows {
			more = take(row) && more
		}
		if !more || !another(resp, len(rows)) {
			return true, nil
		}
	}
	return false, nil
}

// another reports whether there is a page after one of so many rows. GitLab says so in
// a header: a short page need not be the last, since GitLab removes the rows that the
// token may not read after it has cut the page. If a proxy removed the header, a full
// page has one after it. The number of the next page is counted here, since links in
// headers may lead elsewhere.
// https://docs.gitlab.com/api/rest/#pagination
func another(resp *api.Response, rows int) bool {
	if resp != nil {
		if _, says := resp.Header["X-Next-Page"]; says {
			return resp.NextPage != 0
		}
	}
	return rows == perPage
}

// Instant is a time of GitLab's in UTC, the zero time for none.
func Instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
