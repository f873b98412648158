package gitlabsim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// FaultKind is what goes wrong.
type FaultKind string

// The kinds of faults.
const (
	FaultStatus    FaultKind = "status"    // an error answer of Status
	FaultReset     FaultKind = "reset"     // the connection breaks
	FaultTruncated FaultKind = "truncated" // the true answer, cut in the middle; the effect happened
	FaultHTML      FaultKind = "html"      // 200 and a page of a proxy
	FaultRedirect  FaultKind = "redirect"  // 302 to another host
	FaultHang      FaultKind = "hang"      // no answer until the client gives up
	FaultSpam      FaultKind = "spam"      // the text is taken for spam; strikes writes of texts
)

// Fault strikes requests by method and route.
type Fault struct {
	Method string // "*" is any
	// Route is a glob over the path below /api/v4 or over its pattern; *
	// stands for anything, slashes included: "*/merge_requests".
	Route string
	Skip  int // requests let through first
	Count int // how often it strikes; 0 is once, negative for ever
	Kind  FaultKind
	// Status is the status of FaultStatus.
	Status int
	// After lets the effect happen and spoils the answer alone.
	After bool
	// RetryAfter goes into the header of that name; "date:30" is the HTTP
	// date 30 seconds on. "" leaves it out.
	RetryAfter string
}

type liveFault struct {
	Fault
	text string
}

// ParseFault reads the text form of a fault:
//
//	METHOD GLOB WHAT [after] [once|xN|always] [skip N] [retry-after VALUE]
//
// WHAT is a status, reset, truncated, html, redirect, hang or spam. The default is once.
func ParseFault(text string) (Fault, error) {
	words := strings.Fields(text)
	if len(words) < 3 {
		return Fault{}, fmt.Errorf("fault %q: want METHOD GLOB WHAT", text)
	}
	f := Fault{Method: strings.ToUpper(words[0]), Route: words[1], Count: 1}
	switch kind := FaultKind(words[2]); kind {
	case FaultReset, FaultTruncated, FaultHTML, FaultRedirect, FaultHang, FaultSpam:
		f.Kind = kind
	default:
		status, err := strconv.Atoi(words[2])
		if err != nil || status < 300 || status > 599 {
			return Fault{}, fmt.Errorf("fault %q: %q is neither a status nor reset, truncated, html, redirect, hang, spam", text, words[2])
		}
		f.Kind, f.Status = FaultStatus, status
	}
	return f, f.parseOptions(text, words[3:])
}

func (f *Fault) parseOptions(text string, words []string) error {
	for i := 0; i < len(words); i++ {
		number, isCount := strings.CutPrefix(words[i], "x")
		switch {
		case words[i] == "after":
			f.After = true
		case words[i] == "once":
			f.Count = 1
		case words[i] == "always":
			f.Count = -1
		case words[i] == "skip" && i+1 < len(words):
			i++
			n, err := strconv.Atoi(words[i])
			if err != nil {
				return fmt.Errorf("fault %q: skip wants a number", text)
			}
			f.Skip = n
		case words[i] == "retry-after" && i+1 < len(words):
			i++
			f.RetryAfter = words[i]
		case isCount:
			n, err := strconv.Atoi(number)
			if err != nil || n < 1 {
				return fmt.Errorf("fault %q: %q is not a count", text, words[i])
			}
			f.Count = n
		default:
			return fmt.Errorf("fault %q: unknown word %q", text, words[i])
		}
	}
	return nil
}

// String is the text form.
func (f Fault) String() string {
	what := string(f.Kind)
	if f.Kind == FaultStatus {
		what = strconv.Itoa(f.Status)
	}
	out := f.Method + " " + f.Route + " " + what
	if f.After {
		out += " after"
	}
	switch {
	case f.Count < 0:
		out += " always"
	case f.Count > 1:
		out += fmt.Sprintf(" x%d", f.Count)
	default:
		out += " once"
	}
	if f.Skip > 0 {
		out += fmt.Sprintf(" skip %d", f.Skip)
	}
	if f.RetryAfter != "" {
		out += " retry-after " + f.RetryAfter
	}
	return out
}

// AddFault arms a fault. Of several that match a request the first armed strikes.
func (s *Server) AddFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	live := &liveFault{f, f.String()}
	if live.Count == 0 {
		live.Count = 1
	}
	s.faults = append(s.faults, live)
}

// Inject arms a fault given as text, see ParseFault.
func (s *Server) Inject(text string) error {
	f, err := ParseFault(text)
	if err == nil {
		s.AddFault(f)
	}
	return err
}

// ClearFaults disarms every fault: calm.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// strike finds the fault of a request and counts it.
func (s *Server) strike(method, path, route string) *liveFault {
	for _, f := range s.faults {
		if f.Kind == FaultSpam && method != "POST" && method != "PUT" {
			continue
		}
		if f.Count == 0 || s.aside && f.Count > 0 || f.Method != "*" && f.Method != method || !globMatch(f.Route, path) && !globMatch(f.Route, route) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Count > 0 {
			f.Count--
		}
		return f
	}
	return nil
}

// globMatch matches with * for any run of characters.
func globMatch(glob, text string) bool {
	first, rest, more := strings.Cut(glob, "*")
	if !more {
		return glob == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(text, part)
		}
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text, rest = text[i+len(part):], after
	}
}

// spoil makes the answer of a struck request. was is nil if the effect must
// not have happened.
func (f *liveFault) spoil(was *reply, path string, now time.Time) *reply {
	out := &reply{header: http.Header{}}
	switch f.Kind {
	case FaultReset:
		out.reset = true
	case FaultHang:
		out.hang = true
	case FaultTruncated:
		*out = *was
		out.raw = out.bytes()[:len(out.bytes())/2]
		out.cut = true
	case FaultHTML:
		out.status, out.raw = 200, []byte("<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n")
		out.header.Set("Content-Type", "text/html; charset=utf-8")
	case FaultSpam:
		out.status, out.body = spamAnswer(path)
	case FaultRedirect:
		out.status = 302
		out.header.Set("Location", "https://elsewhere.invalid/users/sign_in")
	default:
		out.status, out.body = f.Status, faultBody(f.Status)
	}
	if after, isDate := strings.CutPrefix(f.RetryAfter, "date:"); isDate {
		seconds, _ := strconv.Atoi(after)
		out.header.Set("Retry-After", now.Add(time.Duration(seconds)*time.Second).Format(http.TimeFormat))
	} else if f.RetryAfter != "" {
		out.header.Set("Retry-After", f.RetryAfter)
	}
	return out
}

// spamAnswer is how GitLab refuses a text that it takes for spam. gitlab.md 7.4.
func spamAnswer(path string) (status int, body any) {
	said := func(what string) string {
		return "Your " + what + " has been recognized as spam. Please, change the content or solve the reCAPTCHA to proceed."
	}
	switch {
	case strings.HasSuffix(path, "/notes") || strings.Contains(path, "/notes/"):
		return 400, object{"message": "400 Bad request - Note {:base=>[\"" + said("comment") + "\"]}"}
	case strings.Contains(path, "/merge_requests"):
		return 422, object{"message": object{"base": []string{said("merge request")}}}
	}
	return 409, object{"needs_captcha_response": true, "spam_log_id": 1, "captcha_site_key": "key", "message": object{"error": said("issue")}}
}

func faultBody(status int) any {
	switch status {
	case 409:
		return map[string]string{"message": "409 Conflict: Resource lock"}
	case 429:
		return map[string]string{"message": "This endpoint has been requested too many times. Try again later."}
	case 503:
		return map[string]string{"message": "GitLab Maintenance: system is in maintenance mode"}
	}
	return map[string]string{"message": fmt.Sprintf("%d %s", status, http.StatusText(status))}
}
