package ratelimit

import (
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// taken returns how many of n may be taken at once.
func taken(b *Bucket, n int, now time.Time) (passed int) {
	for range n {
		if b.Take(now) {
			passed++
		}
	}
	return passed
}

func TestBucketHoldsSoMuchAndFillsAtItsRate(t *testing.T) {
	b := NewBucket(2, 10, noon)
	for _, c := range []struct {
		after time.Duration
		want  int
		why   string
	}{
		{0, 10, "it is full at the start"}, {0, 0, "nothing is left"}, {time.Second, 2, "it fills at its rate"},
		{1250 * time.Millisecond, 0, "half a token is none"}, {1500 * time.Millisecond, 1, "halves add up"},
		{time.Second, 0, "a clock that goes back fills nothing"}, {time.Hour, 10, "it never holds more than it is made for"},
	} {
		if got := taken(b, 100, noon.Add(c.after)); got != c.want {
			t.Errorf("%s later %d are taken, want %d: %s", c.after, got, c.want, c.why)
		}
	}
}

func TestBucketsKeepSourcesApartAndAreBounded(t *testing.T) {
	b := NewBuckets[int](1, 3, 8)
	if b.Find(1) != nil {
		t.Error("a source that never came has a bucket")
	}
	if first, second := taken(b.Of(1, noon), 10, noon), taken(b.Of(2, noon), 10, noon); first != 3 || second != 3 {
		t.Errorf("two sources take %d and %d, want 3 each", first, second)
	}
	if b.Of(1, noon) != b.Find(1) || taken(b.Of(1, noon), 1, noon) != 0 {
		t.Error("a source has another bucket the second time")
	}
	for source := range 1000 {
		b.Of(source, noon)
		if b.Len() > 8 || b.Find(source) == nil {
			t.Fatalf("%d sources are remembered, the last one: %v; want at most 8", b.Len(), b.Find(source) != nil)
		}
	}
}

func TestAHostOfIPv6IsOneSourceWhateverAddressItTakes(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"2001:db8::1", "2001:db8::ffff:1", true}, {"2001:db8::1", "2001:db8:0:1::1", false},
		{"10.0.0.1", "10.0.0.2", false}, {"10.0.0.1", "10.0.0.1", true},
	} {
		if got := Source(netip.MustParseAddr(c.a)) == Source(netip.MustParseAddr(c.b)); got != c.same {
			t.Errorf("%s and %s are one source: %v, want %v", c.a, c.b, got, c.same)
		}
	}
}

// conn is one end of a pipe; its other end tells whether it is closed.
func conn(t *testing.T) (near, far net.Conn) {
	t.Helper()
	near, far = net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

func closed(far net.Conn) bool {
	_ = far.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := far.Read(make([]byte, 1))
	timeout, ok := err.(net.Error)
	return !ok || !timeout.Timeout()
}

func TestConnsGiveNoSourceMoreThanItsShare(t *testing.T) {
	conns := NewConns(3, 2)
	one, other := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	var held []net.Conn
	add := func(source netip.Addr, want error) {
		t.Helper()
		near, far := conn(t)
		c, err := conns.Add(near, source)
		if err != want {
			t.Errorf("a connection of %s: %v, want %v", source, err, want)
		}
		if err != nil && closed(far) {
			t.Errorf("a connection without a place was closed: that is its owner's business")
		}
		held = append(held, c)
	}
	add(one, nil)
	add(one, nil)
	add(one, ErrShare)
	add(other, nil)
	add(other, ErrFull)
	held[0].Close()
	held[0].Close() // frees one place, not two
	add(one, nil)
	add(one, ErrFull)
	held[3].Close()
	add(one, ErrShare)
}

func TestConnsOfNoKnownSourceShareAllPlaces(t *testing.T) {
	conns := NewConns(3, 1)
	for i := range 4 {
		near, _ := conn(t)
		if _, err := conns.Add(near, netip.Addr{}); (err == nil) != (i < 3) {
			t.Errorf("connection %d: %v", i+1, err)
		}
	}
}

func TestConnsAreClosedTogether(t *testing.T) {
	conns := NewConns(3, 3)
	near, far := conn(t)
	c, err := conns.Add(near, netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	conns.Close()
	if !closed(far) {
		t.Error("a connection is open after all were closed")
	}
	c.Close() // must not free a place that is another's by now
	for range 3 {
		near, _ := conn(t)
		if _, err := conns.Add(near, netip.Addr{}); err != nil {
			t.Errorf("after all were closed: %v", err)
		}
	}
}

func TestPlacesAreNoMoreThanAskedAndLeaveDescriptors(t *testing.T) {
	if got := Places(1); got != 1 {
		t.Errorf("%d places for one connection", got)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if got, most := Places(1<<40), min(1<<40, limit.Cur/4); uint64(got) != most {
		t.Errorf("%d places for 2^40 connections: want a quarter of the descriptors, %d", got, most)
	}
}
