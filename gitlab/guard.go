package gitlab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// maxBody is the largest answer that is held, after decompression.
const maxBody = 32 << 20

// shortestToken keeps a word that stands for a token in a test from being
// looked for in answers. Real ones have 20 characters and more.
const shortestToken = 12

// guard reads each answer whole and refuses what GitLab's API does not say:
// a page of HTML, an endless body, half a file. A broken body makes the attempt
// fail, so that a read is repeated and the effect of a write is looked for. No
// refusal holds the token, although a proxy's page may show the request.
type guard struct{ next http.RoundTripper }

func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := recordingOf(req.Context())
	if rec == nil {
		a, err := g.ask(req)
		return a.response(req), err
	}
	if a, ok := rec.held(req); ok {
		return a.response(req), nil
	}
	wave := rec.begin()
	a, err := g.ask(req)
	rec.end(req, wave, a, err)
	return a.response(req), err
}

// ask sends a request and reads its answer whole.
func (g guard) ask(req *http.Request) (answer, error) {
	resp, err := g.next.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	body, err := readBody(resp.Body)
	if err != nil {
		return answer{}, err
	}
	if token := req.Header.Get("Private-Token") + req.Header.Get("Job-Token"); resp.StatusCode >= 400 && len(token) >= shortestToken {
		body = bytes.ReplaceAll(body, []byte(token), []byte("[redacted]"))
		resp.Status = strings.ReplaceAll(resp.Status, token, "[redacted]")
	}
	if err := notGitLab(resp, body); err != nil {
		return answer{}, err
	}
	if err := cutShort(resp, body); err != nil {
		return answer{}, err
	}
	return answer{resp, body}, nil
}

// answer is what GitLab said, read whole; zero if it said nothing.
type answer struct {
	resp *http.Response
	body []byte
}

// response is the answer to a request, nil for none.
func (a answer) response(req *http.Request) *http.Response {
	if a.resp == nil {
		return nil
	}
	resp := *a.resp
	resp.Request, resp.Body = req, io.NopCloser(bytes.NewReader(a.body))
	return &resp
}

// cutShort reports whether only a part of a raw file came. All other answers are
// JSON, which shows where it ends. Half a constraints file would read as one with
// fewer pins.
// https://docs.gitlab.com/api/repository_files/#retrieve-a-raw-file-from-a-repository
func cutShort(resp *http.Response, body []byte) error {
	size, err := strconv.Atoi(resp.Header.Get("X-Gitlab-Size"))
	raw := resp.Request != nil && resp.Request.Method == http.MethodGet && strings.HasSuffix(resp.Request.URL.Path, "/raw")
	if err != nil || !raw || resp.StatusCode != http.StatusOK || len(body) == size {
		return nil //nolint:nilerr // without the header nobody knows how long the file is
	}
	return fmt.Errorf("a part of the file came: %w", io.ErrUnexpectedEOF)
}

func readBody(r io.ReadCloser) ([]byte, error) {
	defer r.Close()
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("%w: more than %d MiB", ErrTooLarge, maxBody>>20)
	}
	return body, nil
}

// notGitLab finds out whether an answer is a sign-in or proxy page, or says that the
// project is gone, and so is no answer to the question. client-go drops the body of
// a 404, so this is the last place that can tell.
func notGitLab(resp *http.Response, body []byte) error {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	success := resp.StatusCode >= 200 && resp.StatusCode < 300
	if (success || resp.StatusCode == http.StatusNotFound) && (kind == "text/html" || kind == "application/xhtml+xml") {
		return fmt.Errorf("%w: answer %d is a page of HTML", ErrNotGitLab, resp.StatusCode)
	}
	if resp.StatusCode != http.StatusNotFound {
		return nil
	}
	var answer struct{ Message string }
	if json.Unmarshal(body, &answer) == nil && strings.Contains(strings.ToLower(answer.Message), "project not found") {
		return fmt.Errorf("%w: %s", ErrProjectNotFound, "404 Project Not Found")
	}
	resp.Header.Set(says404, strings.ToLower(answer.Message))
	return nil
}

// says404 is a header that an answer of 404 gets here. It holds the message of the
// body, which client-go drops.
const says404 = "X-Pinwheel-Says"

// saysNoFile is the message for a file that a commit does not have. If the commit is
// not there, GitLab says "404 Commit Not Found".
const saysNoFile = "404 file not found"

// sameOriginGet refuses every redirect that could carry the token elsewhere or
// turn a write into a read.
func sameOriginGet(req *http.Request, via []*http.Request) error {
	first := via[0]
	reads := func(m string) bool { return m == http.MethodGet || m == http.MethodHead }
	if reads(first.Method) && reads(req.Method) && len(via) < 5 && req.URL.Scheme == first.URL.Scheme && req.URL.Host == first.URL.Host {
		return nil
	}
	return &redirectError{from: first.URL.Host, to: req.URL.Scheme + "://" + req.URL.Host, method: first.Method}
}
