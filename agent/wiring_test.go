package agent

import (
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/memberlist"
	"go.uber.org/goleak"

	"heartsay/agent/handlers"
	"heartsay/agent/internal/state"
	"heartsay/agent/node"
	"heartsay/agent/transport"
)

// unreadable is a state that cannot be loaded.
type unreadable struct{ node.State }

func (unreadable) Load() (state.Saved, string, error) {
	return state.Saved{}, "", errors.New("disk on fire")
}

func TestStartThatFailsLeavesTheTransportAsItWas(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for what, spoil := range map[string]func(*Config) node.State{
		"no key file":              func(c *Config) node.State { c.KeyFile = missing; return nil },
		"a state on a broken disk": func(c *Config) node.State { c.RequireState, c.StateDir = true, missing; return unreadable{} },
		"no secret of webhooks": func(c *Config) node.State {
			c.Handlers.WebhookSecretFile = missing
			c.Handlers.Webhooks = []handlers.Webhook{{URL: "http://127.0.0.1/"}}
			return nil
		},
	} {
		t.Run(what, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			carrier := newMemNet(1).listen(at(1))
			w := transport.New(carrier, at(1))
			defer w.Close()
			cfg, err := DefaultConfig("local")
			if err != nil {
				t.Fatal(err)
			}
			cfg.Name, cfg.MaxPacket, cfg.AllowPlaintext = "a", 9000, true
			cfg.Allow = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
			file := spoil(&cfg)
			if a, err := newAgent(cfg, w, file, nil, hclog.NewNullLogger()); err == nil {
				a.Close()
				t.Fatal("it started")
			}
			carrier.packets <- &memberlist.Packet{Buf: []byte("of another protocol"), From: net.UDPAddrFromAddrPort(at(2))}
			carrier.packets <- &memberlist.Packet{Buf: make([]byte, transport.DefaultMaxPacket+1), From: net.UDPAddrFromAddrPort(at(2))}
			carrier.packets <- nil // taken only after the packets are judged
			if d := w.Drops(); w.Waiting() != 1 || d["packet_size"] != 1 {
				t.Errorf("%d packets wait, and %v: want the one, which a filter or another limit would not let through", w.Waiting(), d)
			}
		})
	}
}

// await waits until ok reports true. What it waits for happens in other goroutines or in the kernel.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("it never came true that %s", what)
		}
	}
}
