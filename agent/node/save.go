package node

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/ratelimit"
	"heartsay/agent/internal/state"
	"heartsay/gossip"
)

// saveEvery is how often the state is written at most, however much changes: a write waits for the disk.
const saveEvery = 2 * time.Second

// saveAgain is when a write is repeated that failed.
const saveAgain = 30 * time.Second

// saves tells the goroutine that writes the state when there is something new. It takes what is to be written from the
// loop by itself, once for each write, so that a thousand events cost the loop no more than one.
type saves struct {
	changed atomic.Bool       // since the writer last asked the loop
	news    chan struct{}     // holds one token when it did
	last    chan state.Saved  // holds what the loop left unwritten at its end
	fault   ratelimit.Lasting // of the disk; the writer's
}

func newSaves() saves { return saves{news: make(chan struct{}, 1), last: make(chan state.Saved, 1)} }

// change notes that what is to be saved has changed. It never waits.
func (s *saves) change() {
	s.changed.Store(true)
	select {
	case s.news <- struct{}{}:
	default: // there is news already
	}
}

// saveLast leaves to the writer what has changed since it last asked.
func (l *loop) saveLast() {
	if s := &l.node.saves; s.changed.Swap(false) {
		s.last <- l.toSave()
	}
}

// toSave returns what is to survive a restart: of the members those worth looking for, all but this one and those who
// left.
func (l *loop) toSave() state.Saved {
	n := l.node
	s := state.Saved{
		Name: n.cfg.Name, Cluster: n.cfg.Cluster, Incarnation: l.engine.Self().Record.Incarnation,
		Members: []state.Member{}, Seeds: n.seeds.names(),
	}
	for r := range l.engine.Memory() {
		s.Members = append(s.Members, state.Member{
			Name: r.Name, Address: r.Address.String(), Incarnation: r.Incarnation,
			Heartbeat: r.Heartbeat, IntervalMS: r.Interval.Milliseconds(), Gone: r.Gone.UTC().Truncate(time.Millisecond),
		})
	}
	return s
}

// toRemember returns the members that were saved, as the engine takes them.
func toRemember(saved state.Saved) (members []gossip.Remembered) {
	for _, m := range saved.Members {
		address, err := netip.ParseAddrPort(m.Address)
		if err != nil {
			continue
		}
		members = append(members, gossip.Remembered{
			Name: m.Name, Address: address, Incarnation: m.Incarnation,
			Heartbeat: m.Heartbeat, Interval: time.Duration(m.IntervalMS) * time.Millisecond, Gone: m.Gone,
		})
	}
	return members
}

// writeState writes the state when there is something new, and a last time at the end. What could not be written is
// tried again after a while, for a disk that was full has room again some day.
func (n *Node) writeState() {
	if n.state == nil {
		return
	}
	var unwritten *state.Saved
	var again <-chan time.Time // nil while everything is written
	for {
		select {
		case <-n.saves.news:
			_ = n.do(n.ending, func(l *loop, _ time.Time) {
				n.saves.changed.Store(false)
				s := l.toSave()
				unwritten = &s
			})
		case <-again:
		case <-n.loopEnded:
			n.writeLast(unwritten)
			return
		}
		again = nil
		if unwritten != nil && !n.write(*unwritten) {
			again = time.After(saveAgain)
		} else {
			unwritten = nil
		}
		n.pause(saveEvery)
	}
}

// writeLast writes what is newest at the end, if anything is unwritten.
func (n *Node) writeLast(unwritten *state.Saved) {
	select {
	case s := <-n.saves.last:
		unwritten = &s
	default:
	}
	if unwritten != nil {
		n.write(*unwritten)
	}
}

// write writes the state, and reports whether that succeeded.
func (n *Node) write(saved state.Saved) bool {
	if err := n.state.Save(saved); err != nil {
		n.counts.stateFailed.Add(1)
		if n.saves.fault.Fails(time.Now()) {
			n.log.Error("state file is not written, the one before is kept, is tried again until that works", "error", err)
		}
		return false
	}
	if n.saves.fault.Succeeds() {
		n.log.Info("state file is written again", "path", n.state.Path())
	}
	return true
}

// pause waits, but not longer than the loop turns.
func (n *Node) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-n.loopEnded:
	}
}

// nextIncarnation is [state.NextIncarnation]. A test lets a node begin in the future.
var nextIncarnation = state.NextIncarnation

// recall reads what the life before left behind, and returns the incarnation of this one. That it cannot be read or
// written is as bad as later on, when the disk is full: it is said, and the node goes on, unless the state is required.
func recall(kept State, required bool, now time.Time, log hclog.Logger) (state.Saved, uint64, error) {
	if kept == nil && required {
		return state.Saved{}, 0, errors.New("the state is required, and nothing keeps it")
	}
	var saved state.Saved
	if kept != nil {
		var note string
		var err error
		saved, note, err = kept.Load()
		if err == nil && required {
			err = kept.Save(saved)
		}
		if err != nil && required {
			return state.Saved{}, 0, fmt.Errorf("the state is required: %w", err)
		}
		if err != nil {
			log.Error("state file is not as it should be, the agent goes on", "error", err, "remembers", saved.Incarnation > 0)
		}
		if note != "" {
			log.Warn("state file was not used", "reason", note)
		}
	}
	incarnation, note := nextIncarnation(now, saved.Incarnation)
	if note != "" {
		log.Warn("clock and state file disagree", "reason", note)
	}
	return saved, incarnation, nil
}
