// Package uitest plays the two sides of the page: a browser that looks at it, and an agent with many members.
package uitest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Browser is a headless Chromium with one page.
type Browser struct {
	t   *testing.T
	ctx context.Context
}

// NewBrowser starts a browser with an empty page, which ends with the test.
func NewBrowser(t *testing.T) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser, which takes seconds: leave out -short")
	}
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("needs the Debian package chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has no sandbox for root
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	return newPage(t, ctx)
}

// newPage opens a page; ctx is of a browser that knows nothing of the pages before, or of a page in the same browser.
func newPage(t *testing.T, ctx context.Context) *Browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // the browser ends with the context that it was started with
		t.Fatalf("start chromium: %v", err)
	}
	b := &Browser{t, ctx}
	_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: noteFaults})
	if err != nil {
		t.Fatalf("prepare the page: %v", err)
	}
	return b
}

// noteFaults notes in the page what its policy forbade and what its scripts did not catch.
const noteFaults = `window.faults = [];
	addEventListener("error", (e) => faults.push(e.message || "not loaded: " + e.target.src), true);
	addEventListener("unhandledrejection", (e) => faults.push(String(e.reason)));
	addEventListener("securitypolicyviolation", (e) => faults.push("policy: " + e.violatedDirective + " " + e.blockedURI));`

// NoFaults fails the test when something went wrong in the page.
func (b *Browser) NoFaults() {
	b.t.Helper()
	if faults := Eval[[]string](b, "window.faults"); len(faults) > 0 {
		b.t.Errorf("in the page went wrong: %q", faults)
	}
}

func (b *Browser) Do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// Eval returns the value of a JavaScript expression in the page.
func Eval[T any](b *Browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Until waits until a JavaScript expression is true, and fails the test when that takes longer than half a minute.
func (b *Browser) Until(what, expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !Eval[bool](b, "Boolean("+expression+")"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("after 30s it is not so that %s (%s); the page reads\n%s", what, expression,
				Eval[string](b, "document.body.innerText.slice(0, 1500)"))
		}
	}
}

// Keys presses keys, those of package kb and those that write a character. The latter are sent the way a keyboard does:
// a page that takes the key for itself gets no character. (chromedp would send the character all the same.)
func (b *Browser) Keys(keys string) {
	b.t.Helper()
	for _, r := range keys {
		key := string(r)
		if r < ' ' || r > '~' { // a code of kb
			b.Do("press a key", chromedp.KeyEvent(key))
			continue
		}
		for _, p := range []input.DispatchKeyEventParams{{Type: "keyDown", Key: key, Text: key}, {Type: "keyUp", Key: key}} {
			if _, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, p); err != nil {
				b.t.Fatalf("press %q: %v", key, err)
			}
		}
	}
}

// Look sets the size of the window and the colour scheme.
func (b *Browser) Look(width, height int64, scheme string) {
	b.t.Helper()
	b.Do("set the size", chromedp.EmulateViewport(width, height))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err != nil {
		b.t.Fatalf("set the colour scheme: %v", err)
	}
}

// Picture returns what the page looks like, as PNG.
func (b *Browser) Picture() []byte {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatalf("take a picture: %v", err)
	}
	return png
}
