package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

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
