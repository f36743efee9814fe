package fallback

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"heartsay/gossip/wire"
)

const interval = 500 * time.Millisecond

var (
	noon  = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	peerB = netip.MustParseAddrPort("10.0.0.2:4327")
)

func pingTo(name string) wire.Message { return &wire.Ping{Header: wire.Header{From: "a", To: name}} }

func pongFrom(name string) wire.Message { return &wire.Pong{Header: wire.Header{From: name}} }

// repeatedOnStream lets one request to a member go without a reply, and a stream bring one if it is answered.
func repeatedOnStream(t *Table, name string, to netip.AddrPort, answered bool, now time.Time) time.Time {
	t.Choose(pingTo(name), to, nil, now)
	now = now.Add(time.Minute)
	for _, r := range t.Late(now) {
		t.Repeated(r, true)
	}
	if answered {
		t.Answered(pongFrom(name), to, true, now)
	} else {
		t.Lost(name, now)
	}
	return now
}

func TestRoute(t *testing.T) {
	t.Run("begins with packets", func(t *testing.T) {
		if r := New(interval).Choose(pingTo("b"), peerB, nil, noon); !r.Packet || r.Stream || !r.Request || r.Key != "b" {
			t.Errorf("the first request to b goes %+v, want a packet", r)
		}
	})
	t.Run("becomes a stream after three replies there alone, and a packet again after one there", func(t *testing.T) {
		table, now := New(interval), noon
		for n := range missesToStream {
			if table.OnStream("b", now) {
				t.Fatalf("a stream is the way to b after %d misses", n)
			}
			now = repeatedOnStream(table, "b", peerB, true, now)
		}
		r := table.Choose(pingTo("b"), peerB, nil, now)
		if !r.Stream || !r.Packet {
			t.Errorf("a request goes %+v, want on a stream, and in a packet to try packets again", r)
		}
		if r := table.Choose(pingTo("b"), peerB, nil, now); !r.Stream || r.Packet {
			t.Errorf("the next request goes %+v, want on a stream alone", r)
		}
		if table.OnStream("c", now) {
			t.Error("a stream is the way to c, of whom nothing is known")
		}
		table.Answered(pongFrom("b"), peerB, false, now)
		if table.OnStream("b", now) {
			t.Error("after a reply in a packet a stream is still the way to b")
		}
	})
	t.Run("becomes a stream to everybody after six misses of all", func(t *testing.T) {
		table, now := New(interval), noon
		for n := range missesOfAll {
			name := fmt.Sprint("m", n)
			now = repeatedOnStream(table, name, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(n)}), 1), true, now)
		}
		if !table.OnStream("somebody", now) {
			t.Error("packets seem to reach somebody although six others answered on streams alone")
		}
	})
	t.Run("leaves streams alone that led nowhere", func(t *testing.T) {
		table := New(interval)
		now := repeatedOnStream(table, "b", peerB, false, noon)
		table.Choose(pingTo("b"), peerB, nil, now)
		if late := table.Late(now.Add(ReplyWait(interval))); len(late) != 0 {
			t.Errorf("%d requests are to be repeated on a stream that led nowhere a moment ago", len(late))
		}
	})
	t.Run("is kept by address while a name is not known", func(t *testing.T) {
		if r := New(interval).Choose(pingTo(""), peerB, nil, noon); r.Key != peerB.String() {
			t.Errorf("the way to an address is kept under %q", r.Key)
		}
	})
}

func TestLate(t *testing.T) {
	t.Run("one lost packet among others that are answered is not repeated", func(t *testing.T) {
		table := New(interval)
		table.Choose(pingTo("b"), peerB, nil, noon)
		now := noon.Add(ReplyWait(interval))
		table.Answered(pongFrom("c"), netip.AddrPortFrom(peerB.Addr(), 9), false, now)
		if late := table.Late(now); len(late) != 0 {
			t.Errorf("%d requests are to be repeated on streams", len(late))
		}
	})
	t.Run("a reply takes the request out", func(t *testing.T) {
		table := New(interval)
		table.Choose(pingTo("b"), peerB, nil, noon)
		table.Answered(pongFrom("b"), peerB, false, noon)
		if late := table.Late(noon.Add(time.Hour)); len(late) != 0 {
			t.Errorf("%d answered requests are to be repeated", len(late))
		}
	})
}

func TestTableIsBounded(t *testing.T) {
	table := New(interval)
	for i := range 2 * maxRequests {
		table.Choose(pingTo(fmt.Sprint(i)), peerB, nil, noon)
	}
	if n := len(table.requests); n != maxRequests {
		t.Errorf("%d requests are remembered, want %d at most", n, maxRequests)
	}
	for i := range maxWays + 1000 {
		table.of(fmt.Sprint(i), peerB, noon)
	}
	if n := len(table.ways); n != maxWays {
		t.Errorf("%d ways are remembered, want %d at most", n, maxWays)
	}
	if table.Late(noon.Add(2 * unusedKept)); len(table.ways) > maxRequests {
		t.Errorf("%d ways are remembered that nobody uses", len(table.ways))
	}
}
