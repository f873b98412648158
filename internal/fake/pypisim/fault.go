package pypisim

import (
	"fmt"
	"strconv"
	"strings"
)

// FaultKind is what goes wrong.
type FaultKind string

// The kinds of faults.
const (
	FaultStatus    FaultKind = "status"    // an error answer
	FaultReset     FaultKind = "reset"     // the connection breaks before an answer
	FaultTruncated FaultKind = "truncated" // the connection breaks in the body
	FaultCut       FaultKind = "cut"       // half a page, announced as whole
	FaultHTML      FaultKind = "html"      // 200 and a page of a proxy
	FaultGarbage   FaultKind = "garbage"   // 200, called JSON, and it is not
	FaultEndless   FaultKind = "endless"   // a page whose files never end
	FaultGiant     FaultKind = "giant"     // a page of one string that never ends
	FaultBomb      FaultKind = "bomb"      // gzip: a little that becomes gigabytes
	FaultRedirect  FaultKind = "redirect"  // 302 to another host
	FaultStale     FaultKind = "stale"     // the page as it was one event ago
	FaultHang      FaultKind = "hang"      // no answer until the client gives up
	FaultNoRanges  FaultKind = "no-ranges" // a file is sent whole, whatever range was asked for
)

// Fault strikes requests by method and path.
type Fault struct {
	Method string // "*" is any
	Route  string // a glob over the path; * stands for anything
	Kind   FaultKind
	Status int
	Skip   int // requests let through first
	Count  int // how often it strikes; negative for ever
	// RetryAfter goes into the header of that name; "date:30" is the HTTP
	// date 30 seconds on.
	RetryAfter string
}

// ParseFault reads the text form:
//
//	METHOD GLOB WHAT [once|xN|always] [skip N] [retry-after VALUE]
//	down [STATUS]
//
// WHAT is a status or a FaultKind. The default is once. "down" resets every
// request, or answers every one with STATUS, until the faults are cleared.
func ParseFault(text string) (Fault, error) {
	words := strings.Fields(text)
	if len(words) > 0 && words[0] == "down" {
		what := append(words[1:], string(FaultReset))[0]
		words = []string{"*", "*", what, "always"}
	}
	if len(words) < 3 {
		return Fault{}, fmt.Errorf("fault %q: want METHOD GLOB WHAT, or down", text)
	}
	f := Fault{Method: strings.ToUpper(words[0]), Route: words[1], Count: 1}
	switch kind := FaultKind(words[2]); kind {
	case FaultReset, FaultTruncated, FaultCut, FaultHTML, FaultGarbage, FaultEndless, FaultGiant, FaultBomb, FaultRedirect, FaultStale, FaultHang, FaultNoRanges:
		f.Kind = kind
	default:
		status, err := strconv.Atoi(words[2])
		if err != nil || status < 300 || status > 599 {
			return Fault{}, fmt.Errorf("fault %q: %q is neither a status nor a kind of fault", text, words[2])
		}
		f.Kind, f.Status = FaultStatus, status
	}
	return f, f.options(text, words[3:])
}

func (f *Fault) options(text string, words []string) error {
	for i := 0; i < len(words); i++ {
		number, isCount := strings.CutPrefix(words[i], "x")
		n, err := strconv.Atoi(number)
		switch {
		case words[i] == "once":
			f.Count = 1
		case words[i] == "always":
			f.Count = -1
		case words[i] == "skip" && i+1 < len(words):
			i++
			if f.Skip, err = strconv.Atoi(words[i]); err != nil {
				return fmt.Errorf("fault %q: skip wants a number", text)
			}
		case words[i] == "retry-after" && i+1 < len(words):
			i++
			f.RetryAfter = words[i]
		case isCount && err == nil && n > 0:
			f.Count = n
		default:
			return fmt.Errorf("fault %q: unknown word %q", text, words[i])
		}
	}
	return nil
}

// glob matches with * for any run of characters.
func glob(pattern, text string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	if !strings.HasPrefix(text, head) {
		return false
	}
	for text = text[len(head):]; ; text = text[1:] {
		if glob(rest, text) {
			return true
		}
		if text == "" {
			return false
		}
	}
}
