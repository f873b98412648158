package browser

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/demo"
)

var update = flag.Bool("update", false, "write docs/pictures/dashboard.png")

// browser is one tab of Chromium that shows a site.
type browser struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // of one test
	url string
}

// serve starts the demo as its command does, and returns its address.
func serve(t *testing.T) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := demo.Serve(ctx, in, 0)
		_ = in.CloseWithError(err)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`http://[^ ]+`).FindString(line)
	if address == "" {
		t.Fatalf("there is no address in %q", line)
	}
	return address
}

// browse opens a site in a tab of that width. Whatever the browser's console
// says fails the test: a broken policy, a script, something that is missing.
func browse(t *testing.T, width, height int64) *browser {
	t.Helper()
	path := testenv.Command(t, "chromium", "chromium-browser", "google-chrome")
	url := serve(t)
	// Without its sandbox Chromium runs as root too; it opens this page alone.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &browser{t: t, ctx: ctx, url: url}
	b.do(chromedp.EmulateViewport(width, height))
	var said atomic.Pointer[string]
	err := chromedp.Listen(ctx, func(event any) {
		if e, is := event.(*log.EventEntryAdded); is {
			said.CompareAndSwap(nil, &e.Entry.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if text := said.Load(); text != nil {
			t.Errorf("the browser's console says: %s", *text)
		}
	})
	b.do(chromedp.Navigate(url))
	return b
}

// limited bounds what a browser is asked for in one step.
func (b *browser) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, time.Minute)
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

func ask[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, stop := b.limited()
	defer stop()
	out, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// press clicks what the selector finds and waits for the page that follows.
func (b *browser) press(selector string) {
	b.t.Helper()
	b.follow(selector, chromedp.Click(chromedp.CSS(selector)))
}

// follow does what leads to another page, and waits for it.
func (b *browser) follow(what string, action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := b.limited()
	defer stop()
	response, err := chromedp.RunResponse(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
	if response.Status != 200 {
		b.t.Fatalf("%s: answered with %d", what, response.Status)
	}
}

// text is what the selector finds.
func (b *browser) text(selector string) string {
	b.t.Helper()
	return strings.Join(strings.Fields(ask(b, chromedp.TextContent(chromedp.CSS(selector)))), " ")
}

// shows fails unless the place shows each of the texts.
func (b *browser) shows(selector string, texts ...string) {
	b.t.Helper()
	got := b.text(selector)
	for _, text := range texts {
		if !strings.Contains(got, text) {
			b.t.Errorf("%s does not show %q but\n%s", selector, text, got)
		}
	}
}

// picture keeps the whole page, or what the window shows, in artefacts/demo.
func (b *browser) picture(name string, whole bool) {
	b.t.Helper()
	shot := chromedp.CaptureScreenshot()
	if whole {
		shot = chromedp.FullScreenshot(100)
	}
	picture := ask(b, shot)
	b.fits()
	dir := filepath.Join(testenv.Root(b.t), "artefacts", "demo")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func boxOf(branch string) string {
	return fmt.Sprintf(`button[role=checkbox][value*="branch=%s -->"]`, branch)
}

const (
	nextHour     = `button[value=hour]`
	nextSaturday = `button[value=saturday]`
)

// flow is what the page asks a newcomer to try.
func (b *browser) flow(pictures string) {
	b.t.Helper()
	b.shows("#controls", "Thu 26 Nov 09:00", "window shut")
	b.shows("#merge-requests", "0 open", "None yet")
	b.picture(pictures+"-1-first", true)

	furl := boxOf("pinwheel/furl-2.x")
	b.press(furl)
	b.shows("#news", "alice ticks “Update dependency furl to v2.1.4”")
	b.press(nextHour)
	b.shows("#controls", "Thu 26 Nov 10:00")
	b.shows("#news", "opens !1: furl 2.1.3 → 2.1.4, because alice ticked its box")
	b.shows("#mr-1 .diff", "-furl==2.1.3", "+furl==2.1.4")
	b.picture(pictures+"-2-ticked", true)

	b.press(nextSaturday)
	b.shows("#controls", "Sat 28 Nov 00:00", "window open")
	b.shows("#merge-requests", "4 open")
	b.shows("#news", "the window is open and fewer merge requests than the limit are", "more")
	b.shows("#timeline", "there is nothing to write")
	b.picture(pictures+"-3-saturday", true)

	b.press(`#mr-2 button[value=merge]`)
	b.press(`#mr-3 button[value=close]`)
	b.press(`#mr-4 button[value=push]`)
	b.shows("#news", "alice pushes a commit to the branch of !4")
	b.shows("#mr-4", "canary.txt")
	b.press(nextHour)
	b.shows("#mr-2 .badge", "merged")
	b.shows("#mr-3 .badge", "closed")
	b.shows("#dashboard", "MR Closed (Blocked)", "Closed by alice", "MR Edited (Blocked)", "alice pushed to it", "Pipeline passed on 2026-11-2")
	b.picture(pictures+"-4-people", true)

	b.press(`button[value=broken]`)
	b.press(nextHour)
	b.shows("#controls", "index broken")
	b.picture(pictures+"-5-broken", true)
	b.press(`button[value=whole]`)
	b.press(nextHour)
	b.shows("#try", "Break the index, then Next hour: nothing is lost or taken back, and the dashboard says what is missing. tried")
	b.picture(pictures+"-6-mended", true)
}

func TestBrowser(t *testing.T) {
	b := browse(t, 1400, 1000)
	b.flow("wide")
	b.readable()
	b.dark(true)
	b.picture("wide-7-dark", false)
	b.readable()
}

func TestBrowserOnAPhoneWithoutScripts(t *testing.T) {
	b := browse(t, 360, 740)
	b.do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return none, err
	})
	b.follow("reload", chromedp.Navigate(b.url))
	b.flow("phone")
}

// On a phone the bar stays in sight wherever a box is ticked, says what came of
// it, and leads to the merge requests.
func TestBrowserKeepsTheBarInSight(t *testing.T) {
	b := browse(t, 360, 740)
	const low = "pinwheel/prometheus-client-0.x"
	b.press(boxOf(low))
	type seen struct {
		Top, Bottom, Box, Scrolled float64
		Shown                      bool
	}
	got := ask(b, chromedp.Evaluate[seen](`(() => {
		const bar = document.querySelector(".bar").getBoundingClientRect(), box = document.querySelector('button[value*="`+low+`"]').getBoundingClientRect()
		const news = document.querySelector("#news li").getBoundingClientRect()
		return { Top: bar.top, Bottom: bar.bottom, Box: box.top, Scrolled: scrollY, Shown: news.height > 0 && news.bottom <= bar.bottom }
	})()`))
	if got.Scrolled < 1000 || got.Top != 0 || got.Bottom > 250 || got.Box < got.Bottom || got.Box > 740 || !got.Shown {
		t.Errorf("after a tick far down: %+v", got)
	}
	b.shows("#news", "alice ticks “Update dependency prometheus-client to v0.26.0”")
	b.press(nextSaturday)
	if height := ask(b, chromedp.Evaluate[float64](`document.querySelector(".bar").getBoundingClientRect().height`)); height > 250 {
		t.Errorf("after Saturday the bar is %v high", height)
	}
	if top := ask(b, chromedp.Evaluate[float64](`document.querySelector("#merge-requests").getBoundingClientRect().top + scrollY`)); top > 3500 {
		t.Errorf("merge requests begin at %v", top)
	}
}

// The whole line of an update opens its details, without scripts.
func TestBrowserOpensALine(t *testing.T) {
	b := browse(t, 1280, 900)
	b.do(chromedp.Click(chromedp.CSS(`.update:has(button[value*="boto3-1.x"]) .state`)))
	if !ask(b, chromedp.Evaluate[bool](`document.querySelector('.update:has(button[value*="boto3-1.x"]) details').open`)) {
		t.Error("a click at the end of the line does not open it")
	}
	b.picture("laptop-1-line", false)
	b.press(`button[value="majors"]`)
	b.shows("#dashboard", "attrs to v26", "major")
	b.picture("laptop-2-majors", false)
	b.press(`button[value="erin"]`)
	b.press(nextSaturday)
	if !ask(b, chromedp.Evaluate[bool](`document.querySelector("#mr-1 button[value=merge]").disabled`)) {
		t.Error("a Reporter may press Merge")
	}
	b.shows("#mr-1", "A Reporter may look at merge requests and change none.")
	b.picture("laptop-3-reporter", false)
}

// dark asks for the dark colours, or for the light ones.
func (b *browser) dark(is bool) {
	b.t.Helper()
	value := map[bool]string{true: "dark", false: "light"}[is]
	b.do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}},
		})
		return none, err
	})
}

// fits fails where the page is wider than the window.
func (b *browser) fits() {
	b.t.Helper()
	m := ask(b, func(ctx context.Context, t *chromedp.Target) (page.GetLayoutMetricsResult, error) {
		return cdp.Call(ctx, t, page.GetLayoutMetrics, cdp.Empty{})
	})
	if m.CSSContentSize.Width > float64(m.CSSLayoutViewport.ClientWidth) {
		b.t.Errorf("the page is %v wide, the window %v", m.CSSContentSize.Width, m.CSSLayoutViewport.ClientWidth)
	}
}

// contrasts lists the texts whose contrast is under 4.5, the level AA of
// WCAG 2.2, 1.4.3.
const contrasts = `(() => {
	const parse = c => (c.match(/[\d.]+/g) || []).map(Number)
	const light = c => { const [r, g, b] = c.slice(0, 3).map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 }); return 0.2126 * r + 0.7152 * g + 0.0722 * b }
	const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c } return [255, 255, 255] }
	const bad = []
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
	let seen = 0
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement
		if (!walk.currentNode.data.trim() || !e.checkVisibility()) continue
		seen++
		const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x)
		const ratio = (a + 0.05) / (b + 0.05)
		if (ratio < 4.5) bad.push(ratio.toFixed(2) + " " + walk.currentNode.data.trim().slice(0, 40))
	}
	return seen < 100 ? ["only " + seen + " texts were looked at"] : bad
})()`

// readable fails for texts that are too faint.
func (b *browser) readable() {
	b.t.Helper()
	for _, text := range ask(b, chromedp.Evaluate[[]string](contrasts)) {
		b.t.Errorf("too little contrast: %s", text)
	}
}

func TestBrowserByKeyboard(t *testing.T) {
	b := browse(t, 1400, 1000)
	focus := func() string {
		return ask(b, chromedp.Evaluate[string](`document.activeElement.getAttribute("aria-label") || document.activeElement.textContent.trim()`))
	}
	b.do(chromedp.KeyEvent(kb.Tab))
	if got := focus(); got != "To the dashboard" {
		t.Fatalf("the first stop is %q", got)
	}
	b.do(chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Tab))
	const first = "Update dependency cached-property to v2"
	if got := focus(); got != first {
		t.Fatalf("after the dashboard comes %q", got)
	}
	b.follow("space", chromedp.KeyEvent(" "))
	if got := focus(); got != first {
		t.Errorf("after the tick the focus is on %q", got)
	}
	b.shows("#news", "alice ticks “"+first+"”")
	b.follow("enter", chromedp.KeyEvent(kb.Enter))
	b.shows("#news", "alice unticks “"+first+"”")
	b.press(nextHour)
	if !strings.HasPrefix(focus(), "Just now") {
		t.Errorf("after the hour the focus is on %q", focus())
	}
}

// TestBrowserReadsTheTree looks at what a screen reader is given.
func TestBrowserReadsTheTree(t *testing.T) {
	b := browse(t, 1400, 1000)
	b.press(boxOf("pinwheel/furl-2.x"))
	nodes := ask(b, func(ctx context.Context, t *chromedp.Target) ([]*accessibility.Node, error) {
		result, err := cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		return result.Nodes, err
	})
	found := map[string]int{}
	for _, n := range nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		role, name := word(n.Role), word(n.Name)
		found[role]++
		found[role+" "+name]++
		switch role {
		case "button", "checkbox", "link", "heading", "region", "article":
			if name == "" {
				t.Errorf("a %s has no name", role)
			}
		case "image":
			t.Error("there is an image")
		}
	}
	for what, least := range map[string]int{
		"banner": 1, "main": 1, "contentinfo": 1, "region Clock and controls": 1, "region The dashboard issue": 1, "region What happened, newest first": 1,
		"heading pinwheel, tried out": 1, "checkbox": 22, "checkbox Update dependency furl to v2.1.4": 1, "button Next hour": 1, "group You are": 1,
	} {
		if found[what] < least {
			t.Errorf("%d of %q, want %d", found[what], what, least)
		}
	}
}

// word is a value of the tree as text.
func word(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var text string
	if err := json.Unmarshal(v.Value, &text); err != nil {
		return ""
	}
	return text
}

// TestPictureOfTheDashboard makes the picture that the README shows:
//
//	cd internal/check/browser && go test -run TestPictureOfTheDashboard -update
func TestPictureOfTheDashboard(t *testing.T) {
	b := browse(t, 920, 800)
	b.press(boxOf("pinwheel/furl-2.x"))
	b.press(nextSaturday)
	b.press(`#mr-2 button[value=merge]`)
	b.press(`#mr-4 button[value=close]`)
	b.press(`#mr-1 button[value=push]`)
	b.press(nextHour)
	b.press(nextHour)
	b.press(`button[value=text]`)
	b.shows("#issue-1", "MR Edited (Blocked)", "Open", "Rate-Limited", "Pipeline failed on 2026-11-28 in canary; main passed the same job on")
	whole, err := png.Decode(bytes.NewReader(ask(b, chromedp.Screenshot(chromedp.CSS("#issue-1")))))
	if err != nil {
		t.Fatal(err)
	}
	top := whole.(*image.RGBA).SubImage(image.Rect(0, 0, whole.Bounds().Dx(), 640))
	path := filepath.Join(testenv.Root(t), "docs", "pictures", "dashboard.png")
	if *update {
		var out bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, top); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Fonts differ between machines, so that only the size is compared.
	is, err := png.DecodeConfig(bytes.NewReader(kept))
	if err != nil || is.Width != top.Bounds().Dx() || is.Height != top.Bounds().Dy() || len(kept) > 200<<10 {
		t.Errorf("the picture is %d bytes, %d x %d, %v; the page makes %v", len(kept), is.Width, is.Height, err, top.Bounds())
	}
}
