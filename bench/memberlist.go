package bench

import (
	"context"
	"io"
	"time"

	"github.com/hashicorp/memberlist"
)

// memberlistSystem is memberlist, unmodified. Only its transport is ours.
type memberlistSystem struct {
	name  string
	probe time.Duration // 0: the default's second
}

var (
	memberlistLAN  = memberlistSystem{name: "memberlist LAN"}
	memberlistFast = memberlistSystem{name: "memberlist 200 ms", probe: 200 * time.Millisecond}
)

func (s memberlistSystem) String() string { return s.name }

func (s memberlistSystem) config() *memberlist.Config {
	cfg := memberlist.DefaultLANConfig()
	if s.probe > 0 {
		cfg.ProbeInterval, cfg.ProbeTimeout = s.probe, s.probe/2
	}
	cfg.LogOutput = io.Discard
	return cfg
}

// rejoin is how long a member waits before it tries its seed again. memberlist itself never does; Serf, Consul and
// others retry for it.
const rejoin = time.Second

func (s memberlistSystem) start(c *cluster, index int, seed string) process {
	cfg := s.config()
	cfg.Name, cfg.Transport = memberName(index), c.listen(index)
	cfg.Events = &memberlistEvents{c.ledger, index}
	m, err := memberlist.Create(cfg)
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &memberlistProcess{m: m, stop: stop, joined: make(chan struct{})}
	go p.join(ctx, seed)
	return p
}

type memberlistProcess struct {
	m      *memberlist.Memberlist
	stop   context.CancelFunc
	joined chan struct{} // closed when join has ended
}

func (p *memberlistProcess) join(ctx context.Context, seed string) {
	defer close(p.joined)
	if seed == "" {
		return
	}
	for ctx.Err() == nil {
		if _, err := p.m.Join([]string{seed}); err == nil {
			return
		}
		select {
		case <-time.After(rejoin):
		case <-ctx.Done():
		}
	}
}

func (p *memberlistProcess) crash() {
	p.stop()
	_ = p.m.Shutdown()
	<-p.joined
}

func (p *memberlistProcess) leave() {
	_ = p.m.Leave(5 * time.Second)
	p.crash()
}

// memberlistEvents writes what memberlist tells its user into the ledger. It tells of no suspicion.
type memberlistEvents struct {
	ledger   *ledger
	observer int
}

func (e *memberlistEvents) NotifyJoin(n *memberlist.Node) { e.ledger.note(e.observer, n.Name, alive) }
func (e *memberlistEvents) NotifyUpdate(*memberlist.Node) {}
func (e *memberlistEvents) NotifyLeave(n *memberlist.Node) {
	s := dead
	if n.State == memberlist.StateLeft {
		s = left
	}
	e.ledger.note(e.observer, n.Name, s)
}
