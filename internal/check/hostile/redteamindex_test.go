package hostile_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// evilIndex is the network: an index in which some packages are hostile, an inner
// one with a password, and a host for files. Each round its hostile pages are others.
type evilIndex struct {
	s        *siege
	public   *pypisim.Server
	inner    *pypisim.Server
	requests atomic.Int64
	aside    atomic.Bool // what is asked leaves no trace

	mu    sync.Mutex
	urls  map[string]int // asked for, until asked is called
	round int
	since time.Time            // the round
	kinds map[string]string    // what each hostile package tries
	said  map[string]time.Time // name==version: the earliest upload that a page ever told of a file that installs
}

// evilKinds are what a page can try.
var evilKinds = []string{
	"redirects", "hosts", "base", "serials", "etags", "digests", "metadata", "bomb", "contradictions", "names", "yanked", "lies", "times", "broken", "headers", "versions", "hang", "statuses",
}

func newEvilIndex(s *siege) *evilIndex {
	x := &evilIndex{s: s, public: pypisim.New(pypisim.Options{Now: time.Now, NoLog: true}), urls: map[string]int{}, kinds: map[string]string{}, said: map[string]time.Time{}}
	x.inner = pypisim.New(pypisim.Options{Now: time.Now, NoLog: true, Username: "reader", Password: redPassword})
	must(s.t, x.public.Load(honestIndex))
	must(s.t, x.inner.Load(innerIndex))
	for pin := range strings.SplitSeq("good==1.1 pair-a==1.1 pair-b==1.1 major==2.0 acme-core==1.1", " ") {
		x.said[pin] = time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	}
	for _, i := range s.rand.Perm(len(evilKinds))[:6] {
		x.kinds["evil-"+string(rune('a'+len(x.kinds)))] = evilKinds[i]
	}
	if digests(s.seed) {
		x.honest()
	}
	return x
}

// asked returns how often each address was asked for since it was called last.
func (x *evilIndex) asked() map[string]int {
	x.mu.Lock()
	defer x.mu.Unlock()
	urls := x.urls
	x.urls = map[string]int{}
	return urls
}

func (x *evilIndex) names() []string {
	var out []string
	for i := range len(x.kinds) {
		out = append(out, "evil-"+string(rune('a'+i)))
	}
	return out
}

// turn begins a round; some packages try something else from then on.
func (x *evilIndex) turn(round int) {
	if digests(x.s.seed) {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.round, x.since = round, time.Now()
	for _, name := range x.names() {
		if x.s.rand.IntN(4) == 0 {
			x.kinds[name] = oneOf(x.s.rand, evilKinds...)
		}
		count("hostile pages: " + x.kinds[name])
	}
}

// answers ends what fails: hostile pages go on, and their files can be had.
func (x *evilIndex) answers() {
	if digests(x.s.seed) {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for i, name := range x.names() {
		x.kinds[name] = []string{"contradictions", "names", "yanked", "lies", "times", "versions"}[i%6]
	}
}

// RoundTrip judges a request by where it goes and answers it.
func (x *evilIndex) RoundTrip(r *http.Request) (*http.Response, error) {
	if !x.aside.Load() {
		x.requests.Add(1)
		x.mu.Lock()
		x.urls[r.URL.String()]++
		x.mu.Unlock()
	}
	x.s.judge.request(r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	name := strings.Trim(strings.TrimPrefix(r.URL.Path, "/simple/"), "/")
	switch {
	case r.URL.Hostname() == "inner.example":
		return x.inner.Transport().RoundTrip(r)
	case r.URL.Hostname() == "index.example" && x.kind(name) != "":
		return x.answer(r, name)
	case r.URL.Hostname() == "index.example" && strings.HasPrefix(r.URL.Path, "/evil/"):
		return x.file(r)
	case r.URL.Hostname() == "index.example":
		return x.public.Transport().RoundTrip(r)
	}
	return x.file(r)
}

func (x *evilIndex) kind(name string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if parent, _, ok := strings.Cut(name, "-dep"); ok && x.kinds[parent] != "" {
		return "dep"
	}
	return x.kinds[name]
}

// chance is the same for a package in a round, whatever was asked before.
func (x *evilIndex) chance(name string) *rand.Rand {
	x.mu.Lock()
	defer x.mu.Unlock()
	sum := x.s.seed*1000 + uint64(x.round)
	for _, b := range []byte(name) {
		sum = sum*31 + uint64(b)
	}
	return rand.New(rand.NewPCG(x.s.seed, sum))
}

// reply makes an answer; pack compresses it.
func reply(r *http.Request, status int, header http.Header, body io.Reader) *http.Response {
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/vnd.pypi.simple.v1+json")
	}
	return &http.Response{Status: fmt.Sprint(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, Body: io.NopCloser(body), ContentLength: -1, Request: r}
}

// told keeps for the judge which releases a page told, and when they came. What
// it does not keep cannot be installed by the page.
func (x *evilIndex) told(name string, files []file) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, f := range files {
		version, ok := strings.CutPrefix(f.name, strings.ReplaceAll(name, "-", "_")+"-")
		version, wheel := strings.CutSuffix(version, "-py3-none-any.whl")
		uploaded := f.uploaded
		if uploaded == "" {
			uploaded = "2025-06-01T00:00:00Z"
		}
		at, err := time.Parse(time.RFC3339, uploaded)
		if !ok || !wheel || err != nil || f.yanked != "" || strings.HasPrefix(f.python, "no:") {
			continue
		}
		pin := name + "==" + version
		if was, has := x.said[pin]; !has || at.Before(was) {
			x.said[pin] = at
		}
	}
}

func (x *evilIndex) when(pin string) (time.Time, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	at, ok := x.said[pin]
	return at, ok
}

// hosts are spellings of where nobody may be led, and some of the internet.
var hosts = []string{
	"127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "0x7f.1", "localhost", "LOCALHOST.", "a.localhost", "①②⑦.0.0.1", "１２７.０.０.１", "127。0。0。1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
	"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[fe80::1%25eth0]", "[fd00::1]", "[2002:7f00:1::]", "169.254.169.254", "１６９.２５４.１６９.２５４", "0xa9fea9fe", "10.1.2.3",
	"192.168.0.1", "172.16.0.1", "100.64.0.1", "0.0.0.0", "0", "198.18.0.1", "255.255.255.255", "224.0.0.1", "1.2.3.4.5", "256.1.1.1", "09.1.1.1", "a..b", "", "%31%32%37.0.0.1", "127.0.0.1%2f.example",
	"reader:hunter2@10.0.0.1", "index.example@127.0.0.1", "inner.example", "INNER.example.", "ｉｎｎｅｒ.example", "inner.example:444", "inner.example:8443", "gitlab.example", "GitLab.Example.", "gitlab.example:444",
	"files.example", "FILES.example.", "8.8.8.8", "134744072", "[2a04:4e42::223]",
}

// address is a URL of a file, in some spelling.
func address(r *rand.Rand, host, file string) string {
	return oneOf(r, "https://", "http://", "HTTPS://", "//", "https:/\\", "ftp://", "gopher://", "file://", "\thttps://", "https:", "data:,") + host + oneOf(r, "/", "/evil/", ":443/evil/", "\\", "/../evil/", "/evil/..;/", "?x=/", "#/") + file
}

// answer is a hostile page.
func (x *evilIndex) answer(r *http.Request, name string) (*http.Response, error) {
	c, kind := x.chance(name), x.kind(name)
	wheelName := strings.ReplaceAll(name, "-", "_")
	h := http.Header{}
	files := []file{x.file1(wheelName, "1.0"), x.file1(wheelName, "1.1")}
	var extra string
	switch kind {
	case "redirects":
		if c.IntN(4) > 0 {
			h.Set("Location", oneOf(c, "https://"+oneOf(c, hosts...)+"/simple/"+name+"/", "http://index.example/simple/"+name+"/", "//inner.example/simple/acme-core/", r.URL.Path,
				"https://index.example:443/simple/"+name+"/?x", "https://index.example/simple/good/", "https://index.example@inner.example/", "", "%zz", "https://reader:x@index.example/simple/"+name+"/",
				"file:///etc/passwd", strings.Repeat("../", 3000), address(c, oneOf(c, hosts...), "x")))
			h.Set("Refresh", "0; url=https://inner.example/")
			return reply(r, oneOf(c, 301, 302, 303, 307, 308, 300, 304, 399), h, strings.NewReader("")), nil
		}
	case "hosts":
		for i := range files {
			files[i].url = address(c, oneOf(c, hosts...), files[i].name)
		}
	case "base":
		h.Set("Content-Type", oneOf(c, "text/html", "application/vnd.pypi.simple.v1+html", "text/html; charset=utf-16", "TEXT/HTML;q=0"))
		body := fmt.Sprintf(`<base href="%s%s"><base href="https://inner.example/">`, address(c, oneOf(c, hosts...), ""), strings.Repeat("a", oneOf(c, 0, 10, 100_000)))
		for i := range 1 + c.IntN(300) {
			body += fmt.Sprintf("<a href=%q data-requires-python=%q data-yanked=%q>%s-%d.%d-py3-none-any.whl</a>\n", oneOf(c, "x", "../x", "//127.1/x", "?", "#sha256=00"), x.s.texts[c.IntN(len(x.s.texts))], x.s.texts[c.IntN(len(x.s.texts))], wheelName, 1+i%3, i)
		}
		return reply(r, 200, h, strings.NewReader(body)), nil
	case "serials":
		extra = fmt.Sprintf(`"meta":{"api-version":"1.4","_last-serial":%s},`, oneOf(c, "9223372036854775807", "-1", "0", "1e400", `"5"`, "null", "18446744073709551616", "1.5", "[]"))
		h.Set("X-PyPI-Last-Serial", oneOf(c, "9223372036854775807", "-1", "x", ""))
	case "etags":
		h.Set("ETag", oneOf(c, `"same"`, `W/"same"`, "", strings.Repeat("e", 50_000), "\"a\tb\"", `"é"`, `"x", "y"`))
		h.Set("Cache-Control", oneOf(c, "max-age=999999999999", "max-age=-1", "immutable", "max-age=1e9, no-store", strings.Repeat("x,", 9000)))
		h.Set("Age", oneOf(c, "-99999999999", "99999999999999999999", "x"))
		if c.IntN(2) == 0 {
			return reply(r, http.StatusNotModified, h, strings.NewReader("")), nil
		}
	case "digests":
		for i := range files {
			files[i].sha256 = oneOf(c, strings.Repeat("0", 64), "", "x", strings.Repeat("0", 63), x.s.texts[c.IntN(len(x.s.texts))])
		}
	case "bomb":
		return x.bomb(r, c, name)
	case "contradictions":
		for i := range 12 {
			files = append(files, x.file1(wheelName, fmt.Sprintf("1.%d", i+2)))
		}
	case "dep":
		files = nil
		for i := range 12 {
			files = append(files, x.file1(wheelName, fmt.Sprintf("1.%d", i)))
		}
	case "names":
		files = append(files, file{name: wheelName + "-1.2-" + strings.Repeat("py3.", 5000) + "x-none-any.whl"}, file{name: wheelName + "-1.3-" + tags(c, 60) + "-" + tags(c, 60) + "-" + tags(c, 60) + ".whl"},
			file{name: strings.Repeat("n", 1<<16) + "-1.4-py3-none-any.whl"}, file{name: wheelName + "-" + strings.Repeat("1.", 2000) + "1-py3-none-any.whl"}, file{name: wheelName + "-1.5-1" + strings.Repeat("9", 90) + "-py3-none-any.whl"})
	case "yanked":
		for i := range files {
			files[i].yanked = x.s.texts[c.IntN(len(x.s.texts))]
		}
		extra = `"project-status":{"status":` + quoted(oneOf(c, "quarantined", "archived", "deprecated", x.s.texts[c.IntN(len(x.s.texts))])) + `,"reason":` + quoted(x.s.texts[c.IntN(len(x.s.texts))]) + `},`
	case "lies":
		for _, other := range []string{"good-9.9-py3-none-any.whl", "../../good-9.9-py3-none-any.whl", "acme_core-9.9-py3-none-any.whl", wheelName + "-9.9-py3-none-any.whl.exe", wheelName + "-9.9.zip", "evil_z-9.9-py3-none-any.whl",
			wheelName + "-9.9-py3-none-any.whl\x00.txt", "/" + wheelName + "-9.9-py3-none-any.whl", wheelName + "-9.9-cp27-cp27m-win32.whl", wheelName + "-9.9-py2-none-any.whl", "-9.9.tar.gz", ".tar.gz", x.s.texts[c.IntN(len(x.s.texts))] + ".whl"} {
			files = append(files, file{name: other})
		}
		extra = `"versions":["9.9","1.1","1.0"],`
	case "times":
		young := x.since.Add(-time.Duration(c.IntN(71)) * time.Hour).UTC().Format(time.RFC3339)
		for i, at := range []string{young, "2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "x", "2025-13-45T99:99:99Z", "-1", "null", x.s.texts[c.IntN(len(x.s.texts))]} {
			f := x.file1(wheelName, fmt.Sprintf("1.%d", i+2))
			f.uploaded = at
			files = append(files, f)
		}
		files[1].uploaded = young
	case "broken":
		body := string(page(name, "", files...))
		body = oneOf(c, body[:len(body)/2], strings.Repeat("[", 200_000), body+body, strings.Replace(body, `"files"`, `"files":[],"files"`, 1), "\xff\xfe"+body, "null", "[]", `{"files":{}}`, `{"files":[null,1,"x",[]]}`, "")
		if whole := string(page(name, "", files...)); strings.Contains(body, whole[strings.Index(whole, `"files":[`)+len(`"files":[`):]) {
			x.told(name, files)
		}
		return reply(r, 200, h, strings.NewReader(body)), nil
	case "headers":
		h.Set("Link", `<https://inner.example/simple/x/>; rel="next"`)
		h.Set("Set-Cookie", "a=b; Domain=example")
		h.Set("Content-Type", oneOf(c, "application/vnd.pypi.simple.v99+json", "application/json", strings.Repeat("a", 9000), "text/html", "x"))
		h.Set("Content-Encoding", oneOf(c, "", "gzip", "br", "gzip, gzip", "identity", "deflate"))
	case "versions":
		for _, v := range []string{"1!9", "9999", "9.9+local", "9.9.dev1", "9.9rc1", "9.9.post1", "٩.٩", "v9.9", "9_9", "9.9.", "1e9", strings.Repeat("9", 500), "9.9\n/close"} {
			files = append(files, file{name: wheelName + "-" + v + "-py3-none-any.whl", python: oneOf(c, "", "no:>=4", ">=4")})
		}
	case "hang":
		if c.IntN(3) == 0 {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		return reply(r, 200, h, &drip{r: r, left: 40 + c.IntN(100)}), nil
	case "statuses":
		h.Set("Retry-After", oneOf(c, "999999999999", "-1", "x", "Fri, 31 Dec 9999 23:59:59 GMT", "30"))
		h.Set("WWW-Authenticate", `Basic realm="`+x.s.line0(c)+`"`)
		return reply(r, oneOf(c, 401, 403, 404, 407, 410, 429, 451, 500, 503, 200, 204, 206, 999), h, strings.NewReader(x.s.texts[c.IntN(len(x.s.texts))])), nil
	}
	for i := range files {
		files[i].python = strings.TrimPrefix(files[i].python, "no:")
	}
	x.told(name, files)
	body := page(name, extra, files...)
	if x.s.calm { // what is no page at all is a failure of the index
		body = bytes.ToValidUTF8(body, nil)
	}
	return reply(r, 200, h, bytes.NewReader(body)), nil
}

func (s *siege) line0(c *rand.Rand) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, s.texts[c.IntN(len(s.texts))])
}

func (x *evilIndex) file1(wheelName, version string) file {
	name := fmt.Sprintf("%s-%s-py3-none-any.whl", wheelName, version)
	return file{name: name, url: "https://index.example/evil/" + name}
}

func tags(c *rand.Rand, n int) string {
	var out []string
	for range n {
		out = append(out, fmt.Sprintf("t%d", c.IntN(1e6)))
	}
	return strings.Join(out, ".")
}

// drip gives a byte a second.
type drip struct {
	r    *http.Request
	left int
}

func (d *drip) Read(p []byte) (int, error) {
	if d.left--; d.left < 0 {
		return 0, io.EOF
	}
	select {
	case <-d.r.Context().Done():
		return 0, d.r.Context().Err()
	case <-time.After(time.Second):
	}
	p[0] = ' '
	return 1, nil
}

// bomb is a page that is little on the wire.
func (x *evilIndex) bomb(r *http.Request, c *rand.Rand, name string) (*http.Response, error) {
	var packed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	what := oneOf(c, strings.Repeat(" ", 1<<20), strings.Repeat(`"a":[],`, 1<<17), strings.Repeat(`{"filename":"`+name+`-1.tar.gz","url":"x","hashes":{}},`, 1<<14))
	_, _ = io.WriteString(z, `{"meta":{"api-version":"1.1"},`+oneOf(c, `"files":[`, `"versions":["`, ``))
	for range 1 + c.IntN(8) {
		_, _ = io.WriteString(z, what)
	}
	_ = z.Close()
	return reply(r, 200, http.Header{"Content-Encoding": {"gzip"}}, &packed), nil
}

// file answers for a file, its metadata and parts of it, wherever it is.
func (x *evilIndex) file(r *http.Request) (*http.Response, error) {
	base := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	name, isMetadata := strings.CutSuffix(base, ".metadata")
	parts := strings.Split(name, "-")
	if len(parts) < 2 {
		return reply(r, 404, http.Header{}, strings.NewReader("")), nil
	}
	pkg := strings.ReplaceAll(parts[0], "_", "-")
	c, kind := x.chance(name), x.kind(pkg)
	h := http.Header{"Content-Type": {"application/octet-stream"}}
	if kind == "redirects" || kind == "hosts" && c.IntN(2) == 0 {
		h.Set("Location", address(c, oneOf(c, hosts...), base))
		return reply(r, 302, h, strings.NewReader("")), nil
	}
	if !isMetadata {
		return reply(r, oneOf(c, 200, 206, 416, 404), h, strings.NewReader(strings.Repeat("PK\x05\x06", 200))), nil
	}
	text := "Metadata-Version: 2.1\nName: " + pkg + "\nVersion: " + parts[1] + "\n"
	first := parts[1] == "1.0"
	switch {
	case kind == "contradictions" || kind == "dep":
		root, _, _ := strings.Cut(pkg, "-dep")
		if !first || kind == "dep" {
			for i := range 4 {
				text += fmt.Sprintf("Requires-Dist: %s-dep%d%s1.%d\n", root, i, oneOf(c, "!=", "<", ">", "=="), c.IntN(12))
			}
		}
	case kind == "metadata" && !first:
		text = oneOf(c, text+strings.Repeat("Requires-Dist: x"+x.s.texts[c.IntN(len(x.s.texts))]+"\n", 50), "Name: good\nVersion: 9.9\n", "Metadata-Version: 99\n"+text, text+"Requires-Dist: good<1\nRequires-Dist: pair-b==7\n",
			text+"Requires-Dist: "+strings.Repeat("(", 30_000)+"\n", text+"Requires-Dist: held; python_version "+strings.Repeat("and (os_name=='x' or ", 5000)+"\n", strings.Repeat("a", 1<<20), text+"Requires-Dist: evil-z @ https://127.0.0.1/x\n",
			text+"Requires-Dist: pkg @ file:///etc/passwd\nRequires-Python: "+x.s.texts[c.IntN(len(x.s.texts))]+"\n", text+"Requires-Dist: acme-secret>1\n", "", "\x00", text+"\n"+x.s.text0(c)+"\nProject-URL: Changelog, "+address(c, oneOf(c, hosts...), "")+"\n")
	}
	return reply(r, 200, h, strings.NewReader(text)), nil
}

func (s *siege) text0(c *rand.Rand) string { return s.texts[c.IntN(len(s.texts))] }
