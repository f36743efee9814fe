package transport

import (
	"fmt"
	"net"
	"testing"

	"heartsay/agent/ports"
)

// dialFrom opens a stream to tr from an address of this host's loopback network.
func dialFrom(t *testing.T, tr *Transport, source string) net.Conn {
	t.Helper()
	from := &net.TCPAddr{IP: net.ParseIP(source)}
	c, err := (&net.Dialer{LocalAddr: from}).Dial("tcp", tr.Local().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// R15.
func TestStreamsOfOneSourceMakeWayForEachOtherAndForNobodyElse(t *testing.T) {
	tr := listenAt(t, "127.0.0.1")
	oldest := dialFrom(t, tr, "127.0.0.2")
	proven := takeWithin(t, tr.streams)
	ports.Mark(proven, ports.Working)
	var far []net.Conn
	for range MaxStreamShare {
		far = append(far, dialFrom(t, tr, "127.0.0.2"))
		takeWithin(t, tr.streams)
	}
	if _, err := far[0].Read(make([]byte, 1)); err == nil {
		t.Errorf("beside %d streams of one source, the oldest unproven one is open", MaxStreamShare)
	}
	if got := tr.Drops()["stream_share"]; got != 1 {
		t.Errorf("%d streams without a place were counted: want 1", got)
	}
	dialFrom(t, tr, "127.0.0.3")
	takeWithin(t, tr.streams).Close() // another source is served
	if _, err := proven.Write([]byte("x")); err != nil {
		t.Errorf("the stream of a member was closed: %v", err)
	}
	if n, err := oldest.Read(make([]byte, 1)); n != 1 {
		t.Errorf("the stream of a member was closed: %v", err)
	}
}

func TestHostile18StreamsOfFourSourcesKeepNobodyOut(t *testing.T) {
	tr := listenAt(t, "127.0.0.1")
	for i := range MaxStreams {
		dialFrom(t, tr, fmt.Sprintf("127.0.0.%d", 2+i%4))
		takeWithin(t, tr.streams)
	}
	dialFrom(t, tr, "127.0.0.9")
	fifth := takeWithin(t, tr.streams)
	for i := range 2 * MaxStreams {
		dialFrom(t, tr, fmt.Sprintf("127.0.0.%d", 2+i%4))
		takeWithin(t, tr.streams)
	}
	if _, err := fifth.Write([]byte("x")); err != nil {
		t.Errorf("four sources that go on opening streams closed the one of a fifth: %v", err)
	}
	if got := tr.Drops(); got["stream_limit"] == 0 {
		t.Errorf("streams without a place are not counted: %v", got)
	}
}
