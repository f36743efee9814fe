package ports

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var one, other, third = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.3")

// opened is a connection that has come, and its other end.
type opened struct {
	net.Conn
	far net.Conn
}

func (o opened) gone() bool {
	_ = o.far.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := o.far.Read(make([]byte, 1))
	timeout, ok := err.(net.Error)
	return !ok || !timeout.Timeout()
}

// come adds a connection of a source. Without a place it has no Conn.
func come(t *testing.T, conns *Conns, source netip.Addr) (opened, error) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	c, err := conns.Add(near, source)
	o := opened{c, far}
	if err != nil && o.gone() {
		t.Error("a connection without a place was closed: that is its owner's business")
	}
	return o, err
}

// mustCome adds a connection that has to get a place, and marks it.
func mustCome(t *testing.T, conns *Conns, source netip.Addr, standing ...Standing) opened {
	t.Helper()
	o, err := come(t, conns, source)
	if err != nil {
		t.Fatalf("a connection of %s: %v", source, err)
	}
	for _, s := range standing {
		Mark(o, s)
	}
	return o
}

// NetConn lets Mark find the connection.
func (o opened) NetConn() net.Conn { return o.Conn }

func TestConnThatIsOldestUnprovenMakesWay(t *testing.T) {
	conns := New(Bounds{Conns: 4})
	works := mustCome(t, conns, one, Working)
	rests := mustCome(t, conns, one, Working, Resting)
	first, second := mustCome(t, conns, one), mustCome(t, conns, one)
	Mark(first, Resting) // which an unproven connection cannot
	mustCome(t, conns, one, Working)
	if !first.gone() || second.gone() {
		t.Error("the oldest unproven connection did not make way")
	}
	mustCome(t, conns, one, Working)
	if !second.gone() || rests.gone() {
		t.Error("a connection that rests made way before an unproven one")
	}
	mustCome(t, conns, one, Working)
	if !rests.gone() || works.gone() {
		t.Error("a connection that rests did not make way, or one that works did")
	}
	if _, err := come(t, conns, other); err != ErrFull {
		t.Errorf("beside connections that all work, another: %v, want %v", err, ErrFull)
	}
	if got := conns.Crowded(); got != (Crowded{Full: 4}) {
		t.Errorf("%+v are counted, want 4 without a place", got)
	}
}

func TestConnsOfTheSourceThatHasMostMakeWayFirst(t *testing.T) {
	conns := New(Bounds{Conns: 5, Share: 4})
	honest := mustCome(t, conns, other)
	for range 100 {
		mustCome(t, conns, one)
		mustCome(t, conns, third)
	}
	if honest.gone() {
		t.Error("a source with one connection lost it to two that open many")
	}
}

func TestConnsGiveNoSourceMoreThanItsShare(t *testing.T) {
	conns := New(Bounds{Conns: 4, Share: 2})
	elsewhere := mustCome(t, conns, other)
	first, second := mustCome(t, conns, one, Working), mustCome(t, conns, one, Working)
	if _, err := come(t, conns, one); err != ErrShare {
		t.Errorf("a third connection of a source whose two work: %v, want %v", err, ErrShare)
	}
	first.Close()
	first.Close() // frees one place, not two
	third := mustCome(t, conns, one)
	mustCome(t, conns, one)
	if !third.gone() || second.gone() || elsewhere.gone() {
		t.Error("above its share, a source's own unproven connection has to make way, and no other")
	}
	if got := conns.Crowded(); got != (Crowded{Share: 2}) {
		t.Errorf("%+v are counted, want 2 above the share", got)
	}
}

func TestConnsOfNoKnownSourceShareAllPlaces(t *testing.T) {
	conns := New(Bounds{Conns: 3, Share: 1})
	for i := range 4 {
		if _, err := come(t, conns, netip.Addr{}); err != nil {
			t.Errorf("connection %d: %v", i+1, err)
		}
	}
	if got := conns.Crowded(); got != (Crowded{Full: 1}) {
		t.Errorf("%+v are counted, want 1 without a place", got)
	}
}

func TestConnThatDoesNothingIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conns := New(Bounds{Conns: 8, Idle: time.Minute})
		silent, works := mustCome(t, conns, one), mustCome(t, conns, one, Working)
		again := mustCome(t, conns, one, Working, Resting, Working)
		time.Sleep(30 * time.Second)
		rests := mustCome(t, conns, one, Working, Resting)
		time.Sleep(31 * time.Second)
		if !silent.gone() || works.gone() || again.gone() || rests.gone() {
			t.Error("after a minute, of all connections the silent one should be closed")
		}
		time.Sleep(time.Minute)
		if works.gone() || !rests.gone() {
			t.Error("after another minute, the one that rests should be closed, and one that works never")
		}
		conns.Close()
	})
}

func TestConnsAreClosedTogether(t *testing.T) {
	conns := New(Bounds{Conns: 3})
	c := mustCome(t, conns, one, Working)
	conns.Close()
	if !c.gone() {
		t.Error("a connection is open after all were closed")
	}
	c.Close() // must not free a place that is another's by now
	for range 3 {
		mustCome(t, conns, one, Working)
	}
	if _, err := come(t, conns, one); err != ErrFull {
		t.Errorf("after all were closed, a fourth connection for three places: %v", err)
	}
}

func TestListenerAcceptsBesideAnyNumberOfSilentConnections(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Listen(inner, Bounds{Conns: 4, Share: 1})
	defer l.Close()
	defer l.Conns.Close()
	var held []net.Conn
	for i := range 20 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		held = append(held, c)
		if p, err := l.Accept(); err != nil || p.RemoteAddr().String() != c.LocalAddr().String() {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	if got := l.Crowded(); got != (Crowded{Full: 16}) {
		t.Errorf("%+v: want 16 that made way, and no share on loopback, where all are one source", got)
	}
	if _, err := held[15].Read(make([]byte, 1)); err == nil {
		t.Error("the oldest connections are not closed")
	}
}

func TestWorkIsBoundedInAllAndBySource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWork(3, 2)
		first, ok := w.Try(one)
		_, ok2 := w.Try(one)
		_, ok3 := w.Try(one)
		if !ok || !ok2 || ok3 {
			t.Errorf("three works of one source with a share of two: %v %v %v", ok, ok2, ok3)
		}
		last, ok := w.Try(other)
		if _, more := w.Try(netip.Addr{}); !ok || more {
			t.Errorf("the third and the fourth of three: %v, %v", ok, more)
		}
		last()
		last() // ends one work, not two
		hurry, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.Begin(hurry, one); err == nil {
			t.Error("a source got more than its share after another had finished")
		}
		time.AfterFunc(time.Minute, first)
		if done, err := w.Begin(t.Context(), one); err != nil {
			t.Error(err)
		} else {
			done()
		}
	})
}

func TestPlacesAreNoMoreThanAskedAndLeaveHalfOfTheDescriptors(t *testing.T) {
	if got := Places(1); got != 1 {
		t.Errorf("%d places for one connection", got)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	const strangers = 4 // ports: gossip, the API by TCP, metrics, DNS
	if got, most := strangers*Places(1<<40), limit.Cur/2; uint64(got) > most {
		t.Errorf("%d places in all for 2^40 connections to each port: want half of the %d descriptors", got, limit.Cur)
	}
}
