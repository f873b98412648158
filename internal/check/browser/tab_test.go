package browser

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

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
		err := demo.Serve(ctx, in, 0, nil)
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

// browse opens the demo in a tab of that width.
func browse(t *testing.T, width, height int64) *browser {
	t.Helper()
	testenv.Command(t, "chromium", "chromium-browser", "google-chrome") // before anything is played
	return visit(t, serve(t), width, height)
}

// visit opens a site in a tab of that width. Whatever the browser's console
// says fails the test: a broken policy, a script, something that is missing.
func visit(t *testing.T, url string, width, height int64) *browser {
	t.Helper()
	path := testenv.Command(t, "chromium", "chromium-browser", "google-chrome")
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

	b.press(`button[value="cki-project/cki-tools"]`)
	b.shows("#dashboard", "Update weekend")
	b.shows("#merge-requests", "1 open")
	b.press(nextHour)
	b.press(nextHour)
	b.shows("#dashboard", "Bisecting", "Good so far: click, crontab, arrow, idna. Tested in !3: json5. Neither: Jinja2.")
	b.picture(pictures+"-3-batch-red", true)
	b.press(nextHour)
	b.press(nextHour)
	b.shows("#merge-requests", "Update dependency Jinja2 to v3", "5 pipelines took it apart")
	b.shows("#try", "finds Jinja2 in five pipelines. tried")
	b.picture(pictures+"-3-batch-found", true)
	b.press(`button[value="cki-project/pipeline-definition"]`)
	b.shows("#merge-requests", "4 open")

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
