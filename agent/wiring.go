package agent

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/addr"
	"heartsay/agent/handlers"
	"heartsay/agent/internal/eventlog"
	"heartsay/agent/internal/localapi"
	"heartsay/agent/internal/state"
)

// Open starts an agent inside the calling program, as [Run] does but without a local API: it listens where cfg says,
// keeps its state where cfg says, joins by its seeds and calls its handlers. Ask it by its methods, and stop it by
// [Agent.Close], after [Agent.Leave] if others are to know. A nil log logs nothing.
//
// The error is a [*ConfigError] when cfg is wrong, or says what could not be opened; then nothing runs.
func Open(cfg Config, log hclog.Logger) (*Agent, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if log == nil {
		log = hclog.NewNullLogger()
	}
	transport, err := Listen(cfg.Bind, log)
	if err != nil {
		return nil, err
	}
	if cfg.Advertise, err = advertised(cfg, transport.Local(), log); err != nil {
		return nil, errors.Join(err, transport.Close())
	}
	file, err := openStateFile(cfg, log)
	if err != nil {
		return nil, errors.Join(err, transport.Close())
	}
	a, err := newAgent(cfg, transport, file, nil, log)
	if err != nil {
		err = errors.Join(err, transport.Close())
		if file != nil {
			err = errors.Join(err, file.Close())
		}
		return nil, err
	}
	return a, nil
}

// advertised returns the address that others are told: the one of cfg, or one of this host's.
func advertised(cfg Config, local netip.AddrPort, log hclog.Logger) (netip.AddrPort, error) {
	if cfg.Advertise.IsValid() {
		return cfg.Advertise, nil
	}
	a, note, err := addr.ChooseAdvertised(local)
	if err == nil && note != "" {
		log.Info("advertised address was chosen", "address", a, "reason", note)
	}
	return a, err
}

// openStateFile opens the state file, nil when none is to be kept.
func openStateFile(cfg Config, log hclog.Logger) (State, error) {
	if cfg.StateDir == "" {
		log.Info("nothing is kept over a restart, since no state folder is given")
		return nil, nil
	}
	file, err := state.Open(cfg.StateDir, cfg.Name, cfg.Cluster)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// newAgent puts an agent together around its parts and starts it. The error says what is wrong with cfg or with the
// state; then nothing runs, and the parts are still open.
func newAgent(cfg Config, transport *Wire, file State, resolver addr.Resolver, log hclog.Logger) (*Agent, error) {
	envelope, sealer, keys, err := cfg.envelopes()
	if err != nil {
		return nil, err
	}
	plans, err := cfg.handlers()
	if err != nil {
		return nil, &ConfigError{err}
	}
	a := &Agent{cfg: cfg, log: log, wire: &wireTransport{Wire: transport}, sealer: sealer}
	a.configured.live.Store(&cfg)
	a.keys.Store(keys)
	a.metrics = newMetrics(a)
	transport.Guard(cfg.Allow)
	transport.LimitPackets(max(cfg.MaxPacket, DefaultMaxPacket)) // peers may be configured otherwise
	a.Node, err = StartNode(cfg.NodeConfig, Parts{
		Transport: a.wire, Seal: envelope, State: file, Resolver: resolver, Log: log,
		Known: transport.Know, Observer: a.metrics,
	})
	if err != nil {
		return nil, err
	}
	if sealer != nil {
		log.Info("gossip is sealed", "key", keys.Primary())
	}
	a.server = localapi.New(&backend{a}, log)
	a.serveOperators(a.server)
	a.handlers = handlers.NewRunners(a.Views(), log)
	a.handlers.Replace(plans, eventlog.View{}) // from the first event on
	return a, nil
}

// Over returns w as the transport of a node.
func Over(w *Wire) Transport { return &wireTransport{Wire: w} }

// wireTransport makes a [Wire] the transport of a node.
type wireTransport struct {
	*Wire
	dials sync.WaitGroup // that were begun, also when nobody waits for them any more
}

// Receive returns the next packet.
func (t *wireTransport) Receive() (b []byte, from netip.AddrPort, at time.Time, err error) {
	p, ok := <-t.Packets()
	if !ok {
		return nil, from, at, io.EOF
	}
	return p.Bytes, p.From, p.At, nil
}

// Accept returns the next stream.
func (t *wireTransport) Accept() (net.Conn, error) {
	c, ok := <-t.Streams()
	if !ok {
		return nil, io.EOF
	}
	return c, nil
}

// Dial opens a stream. The Wire knows deadlines and no context, as memberlist's transports do: what it opens after ctx
// has ended is closed.
func (t *wireTransport) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	deadline, _ := ctx.Deadline()
	var c net.Conn
	var err error
	dialed := make(chan struct{})
	t.dials.Go(func() {
		c, err = t.Wire.Dial(to, time.Until(deadline))
		close(dialed)
	})
	select {
	case <-dialed:
		return c, err
	case <-ctx.Done():
		t.dials.Go(func() {
			if <-dialed; c != nil {
				c.Close()
			}
		})
		return nil, context.Cause(ctx)
	}
}
