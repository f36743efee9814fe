package agent

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/transport"
	"heartsay/api"
)

// onLoopback starts an agent on real sockets, until the test ends.
func onLoopback(t *testing.T, name, ip, keys string, join ...string) *Agent {
	t.Helper()
	cfg, err := DefaultConfig("local")
	if err != nil {
		t.Fatal(err)
	}
	w, err := transport.Listen(netip.AddrPortFrom(netip.MustParseAddr(ip), 0), hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Name, cfg.Bind, cfg.Advertise, cfg.Join, cfg.KeyFile = name, w.Local(), w.Local(), join, keys
	a, err := newAgent(cfg, w, nil, nil, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// TestThousandsOfSilentStreamsAreRefusedAboveTheCapAndJoinsAreServed opens 5,000 streams that never say anything, from
// one host, and lets another host join meanwhile.
func TestThousandsOfSilentStreamsAreRefusedAboveTheCapAndJoinsAreServed(t *testing.T) {
	const streams = 5000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < 2*streams {
		t.Skipf("needs %d open files, and %d are allowed", 2*streams, limit.Cur)
	}
	keys := keyFile(t, keysOf("x"))
	a := onLoopback(t, "a", "127.0.0.1", keys)
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 7)}, Timeout: 10 * time.Second}
	before, most := runtime.NumGoroutine(), 0
	var held []net.Conn
	defer func() {
		for _, c := range held {
			c.Close()
		}
	}()
	open := func(n int) {
		for range n {
			if c, err := from.Dial("tcp", a.transport.Local().String()); err == nil {
				held = append(held, c)
			}
			most = max(most, runtime.NumGoroutine())
		}
	}
	open(streams / 2)
	onLoopbackJoins(t, a, keys)
	open(streams / 2)
	if len(held) != streams {
		t.Fatalf("%d of %d streams were opened: the test proves nothing", len(held), streams)
	}
	await(t, "the count of those that are refused", func() bool {
		return a.transport.Drops()["stream_share"] >= streams/2
	})
	t.Logf("%d goroutines before, %d at most with %d silent streams; %d refused", before, most, streams,
		a.transport.Drops()["stream_share"])
	if most > before+4*transport.MaxStreams {
		t.Errorf("%d goroutines became %d: want them bounded by the %d streams that are let in", before, most, transport.MaxStreams)
	}
}

// onLoopbackJoins lets another agent join, and waits until both see each other.
func onLoopbackJoins(t *testing.T, a *Agent, keys string) {
	t.Helper()
	b := onLoopback(t, "b", "127.0.0.2", keys, a.transport.Local().String())
	await(t, "the joiner is seen", func() bool {
		all, err := a.Members(context.Background())
		if err != nil || len(all.Members) != 2 {
			return false
		}
		other, err := b.Members(context.Background())
		return err == nil && len(other.Members) == 2 && other.Members[0].State == api.Alive
	})
}
