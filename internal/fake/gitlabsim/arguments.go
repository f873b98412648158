package gitlabsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// has says that the body holds a key with a value other than null.
func (c *call) has(key string) bool {
	raw, ok := c.body[key]
	return ok && string(raw) != "null"
}

// str reads a string of the body, "" if it is absent.
func (c *call) str(key string) string {
	var out string
	c.read(key, &out)
	return out
}

func (c *call) boolean(key string) bool {
	var out bool
	c.read(key, &out)
	return out
}

func (c *call) ints(key string) []int64 {
	var out []int64
	c.read(key, &out)
	return out
}

// list reads labels: an array or a string with commas.
func (c *call) list(key string) []string {
	var out []string
	if raw := c.body[key]; len(raw) > 0 && raw[0] == '"' {
		return strings.Split(c.str(key), ",")
	}
	c.read(key, &out)
	return out
}

func (c *call) read(key string, into any) {
	if raw, ok := c.body[key]; ok && json.Unmarshal(raw, into) != nil && c.invalid == "" {
		c.invalid = key
	}
}

// require names the absent keys as Grape does.
func (c *call) require(keys ...string) error {
	var missing []string
	for _, key := range keys {
		if !c.has(key) {
			missing = append(missing, key+" is missing")
		}
	}
	if missing != nil {
		return invalidRequest(strings.Join(missing, ", "))
	}
	return nil
}

// oneOf reads a query parameter with a fixed set of values.
func (c *call) oneOf(key string, values ...string) (string, error) {
	value := c.query.Get(key)
	if value == "" {
		return values[0], nil
	}
	if !slices.Contains(values, value) {
		return "", invalidRequest(key + " does not have a valid value")
	}
	return value, nil
}

func (c *call) instant(key string) (time.Time, error) {
	value := c.query.Get(key)
	if value == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return at, invalidRequest(key + " is invalid")
	}
	return at, nil
}

func (c *call) number(param string) int {
	n, err := strconv.Atoi(c.params[param])
	if err != nil {
		return -1
	}
	return n
}

// window is created and updated before and after, both ends included.
type window struct{ createdAfter, createdBefore, updatedAfter, updatedBefore time.Time }

func (c *call) window() (w window, err error) {
	for _, field := range []struct {
		key string
		at  *time.Time
	}{{"created_after", &w.createdAfter}, {"created_before", &w.createdBefore},
		{"updated_after", &w.updatedAfter}, {"updated_before", &w.updatedBefore}} {
		if *field.at, err = c.instant(field.key); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (w window) holds(created, updated time.Time) bool {
	in := func(at, after, before time.Time) bool {
		return !at.Before(after) && (before.IsZero() || !at.After(before))
	}
	return in(created, w.createdAfter, w.createdBefore) && in(updated, w.updatedAfter, w.updatedBefore)
}

// page cuts a list and sets the headers of pagination: 20 by default, at most
// 100, totals only where GitLab has them. gitlab.md 2.6 and 1.3.
func page[T any](c *call, all []T, totals bool) ([]T, http.Header, error) {
	per, err := c.positive("per_page", 20)
	if err != nil {
		return nil, nil, err
	}
	number, err := c.positive("page", 1)
	if err != nil {
		return nil, nil, err
	}
	per = min(per, 100)
	from := len(all)
	if number-1 < math.MaxInt/per {
		from = min((number-1)*per, len(all))
	}
	to := min(from+per, len(all))
	h := http.Header{}
	set := func(key, value string) { h.Set(key, value) }
	set("X-Page", strconv.Itoa(number))
	set("X-Per-Page", strconv.Itoa(per))
	set("X-Prev-Page", "")
	set("X-Next-Page", "")
	links := []string{c.link(1, per, "first")}
	if number > 1 {
		set("X-Prev-Page", strconv.Itoa(number-1))
		links = append(links, c.link(number-1, per, "prev"))
	}
	if to < len(all) {
		set("X-Next-Page", strconv.Itoa(number+1))
		links = append(links, c.link(number+1, per, "next"))
	}
	if totals {
		set("X-Total", strconv.Itoa(len(all)))
		set("X-Total-Pages", strconv.Itoa((len(all)+per-1)/per))
	}
	set("Link", strings.Join(links, ", "))
	return all[from:to], h, nil
}

func (c *call) positive(key string, otherwise int) (int, error) {
	if c.query.Get(key) == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(c.query.Get(key))
	if err != nil || n < 1 {
		return 0, invalidRequest(key + " does not have a valid value")
	}
	return n, nil
}

func (c *call) link(number, per int, rel string) string {
	q := url.Values{}
	maps.Copy(q, c.query)
	q.Set("page", strconv.Itoa(number))
	q.Set("per_page", strconv.Itoa(per))
	return fmt.Sprintf("<%s/api/v4/%s?%s>; rel=%q", c.s.opt.BaseURL, c.escaped, q.Encode(), rel)
}

// listed renders one page of all.
func listed[T, W any](c *call, all []T, totals bool, wire func(T) W) (*reply, error) {
	some, header, err := page(c, all, totals)
	if err != nil {
		return nil, err
	}
	out := make([]W, 0, len(some))
	for _, one := range some {
		out = append(out, wire(one))
	}
	return &reply{status: 200, header: header, body: out}, nil
}

func ok(body any) (*reply, error)      { return &reply{status: 200, body: body}, nil }
func created(body any) (*reply, error) { return &reply{status: 201, body: body}, nil }
