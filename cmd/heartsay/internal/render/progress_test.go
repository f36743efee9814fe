package render

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestProgressIsShownOnATerminalOnly(t *testing.T) {
	var b bytes.Buffer
	p := NewProgress(&b)
	p.Show(time.Second, time.Minute)
	p.Clear()
	if b.Len() > 0 {
		t.Errorf("a file gets %q", b.String())
	}
	p.on = true
	p.Show(30*time.Second, time.Minute)
	p.Show(31*time.Second, time.Minute)
	p.Clear()
	got := b.String()
	if want := "[" + strings.Repeat("#", 20) + strings.Repeat(".", 20) + "] 30s of 1m0s"; !strings.Contains(got, want) {
		t.Errorf("the bar is %q, want %q", got, want)
	}
	if strings.Contains(got, "31s") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("the bar is %q, want it drawn now and then, and removed at the end", got)
	}
}
