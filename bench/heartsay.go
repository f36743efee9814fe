package bench

import (
	"context"
	"fmt"
	"time"

	"heartsay/agent/node"
	"heartsay/agent/seal"
	"heartsay/agent/transport"
	"heartsay/api"
)

// heartsaySystem is heartsay's agent with profile lan. Another interval than the profile's scales the least and
// longest silences with it, which are given in seconds: else they, and not the protocol, would decide.
type heartsaySystem struct {
	name     string
	interval time.Duration // 0: the profile's
	plain    bool          // do not scale the silences
}

var heartsayLAN = heartsaySystem{name: "heartsay lan"}

func (s heartsaySystem) String() string { return s.name }

func (s heartsaySystem) config() node.Config {
	cfg, err := node.DefaultConfig("lan")
	if err != nil {
		panic(err)
	}
	if s.interval > 0 {
		if !s.plain {
			for _, t := range []*time.Duration{&cfg.Suspect.Min, &cfg.Suspect.Max, &cfg.Dead.Min, &cfg.Dead.Max} {
				*t = time.Duration(float64(*t) * float64(s.interval) / float64(cfg.Interval)).Round(time.Millisecond)
			}
		}
		cfg.Interval = s.interval
	}
	return cfg
}

// flags returns what an operator gives an agent to have this configuration.
func (s heartsaySystem) flags() string {
	c := s.config()
	return fmt.Sprintf("--interval %s --suspect-min %s --suspect-max %s --dead-min %s --dead-max %s",
		c.Interval, c.Suspect.Min, c.Suspect.Max, c.Dead.Min, c.Dead.Max)
}

func (s heartsaySystem) start(c *cluster, index int, seed string) process {
	cfg := s.config()
	cfg.Name, cfg.Advertise = memberName(index), c.hosts[index].address
	if seed != "" {
		cfg.Join = []string{seed}
	}
	a, err := node.Start(cfg, node.Parts{
		Transport: transport.New(c.listen(index), cfg.Advertise), Seal: seal.NewEnvelope(cfg.Cluster, uint64(index)+1),
	})
	if err != nil {
		panic(err)
	}
	p := &heartsayProcess{a: a, read: make(chan struct{})}
	go p.readEvents(c.ledger, index)
	return p
}

type heartsayProcess struct {
	a    *node.Node
	read chan struct{} // closed when all events have been read
}

func (p *heartsayProcess) crash() {
	_ = p.a.Close()
	<-p.read
}

func (p *heartsayProcess) leave() {
	_, _ = p.a.Leave(context.Background())
	p.crash()
}

// readEvents writes what the agent tells its subscribers into the ledger.
func (p *heartsayProcess) readEvents(l *ledger, observer int) {
	defer close(p.read)
	ring, last := p.a.Ring(), uint64(0)
	for ring.Wait(context.Background(), last) == nil {
		events, lost := ring.Read(last)
		if lost {
			panic("bench: the ring of events ran over")
		}
		for _, e := range events {
			last = e.Seq
			if s, ok := heartsayStates[e.Type]; ok {
				l.note(observer, e.Member.Name, s)
			}
		}
	}
}

var heartsayStates = map[api.EventType]state{
	"join": alive, "alive": alive, "suspect": suspect, "dead": dead, "left": left, "forgotten": unknown,
}
