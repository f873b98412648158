package outage

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter is how long a server asks to be left alone: a number of seconds, or a date, which is
// compared with the server's own clock if the header Date has it. It is never negative. ok is false
// if the header is absent or has neither. The caller decides how long is too long.
// https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
func RetryAfter(h http.Header) (wait time.Duration, ok bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	// A number that is too long for 32 bits comes back as the largest one.
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) {
		return max(time.Duration(seconds)*time.Second, 0), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(at.Sub(now), 0), true
}
