package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestProgressIsShownOnATerminalOnly(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b)
	p.show(time.Second, time.Minute)
	p.clear()
	if b.Len() > 0 {
		t.Errorf("a file gets %q", b.String())
	}
	p.on = true
	p.show(30*time.Second, time.Minute)
	p.show(31*time.Second, time.Minute)
	p.clear()
	got := b.String()
	if want := "[" + strings.Repeat("#", 20) + strings.Repeat(".", 20) + "] 30s of 1m0s"; !strings.Contains(got, want) {
		t.Errorf("the bar is %q, want %q", got, want)
	}
	if strings.Contains(got, "31s") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("the bar is %q, want it drawn now and then, and removed at the end", got)
	}
}
