package transport

import (
	"net"
	"testing"
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
func TestOneSourceCannotTakeEveryPlaceOfStreams(t *testing.T) {
	tr := listenAt(t, "127.0.0.1")
	var held []net.Conn
	for range MaxStreamShare {
		dialFrom(t, tr, "127.0.0.2")
		held = append(held, takeWithin(t, tr.streams))
	}
	if _, err := dialFrom(t, tr, "127.0.0.2").Read(make([]byte, 1)); err == nil {
		t.Errorf("stream %d of one source was answered: it must be closed", MaxStreamShare+1)
	}
	if got := tr.Drops()["stream_share"]; got != 1 {
		t.Errorf("%d refused streams were counted: want 1", got)
	}
	dialFrom(t, tr, "127.0.0.3")
	takeWithin(t, tr.streams).Close() // another source is served
	held[0].Close()
	held[0].Close() // frees one place, not two
	dialFrom(t, tr, "127.0.0.2")
	takeWithin(t, tr.streams)
	if _, err := dialFrom(t, tr, "127.0.0.2").Read(make([]byte, 1)); err == nil {
		t.Error("one stream was closed, twice, and two new ones of its source were let in")
	}
}
