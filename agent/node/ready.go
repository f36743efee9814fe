package node

import (
	"context"
	"fmt"
	"time"

	"heartsay/api"
	"heartsay/membership"
)

// A node is ready when others may rely on its view: it listens, it has joined or is alone on purpose, and its view
// has settled. Once ready it stays so until it leaves, until most others refuse it (gossip/refusals.go), or until its caller says
// that others cannot reach it (SetUnready): that others die or are cut off is what it is there to tell.

// Ready returns why the node is not ready, an [*api.Error], or nil when it is. It does not wait for the loop.
func (n *Node) Ready(context.Context) error {
	s, err := n.Snapshot()
	if err != nil {
		return err
	}
	if why := n.unready.Load(); s.Ready == nil && why != nil {
		return notReady("%s", *why)
	}
	return s.Ready
}

// SetUnready lets the node not be ready for a reason, until it is called with "". Its view is still told.
func (n *Node) SetUnready(reason string) {
	if reason == "" {
		n.unready.Store(nil)
	} else {
		n.unready.Store(&reason)
	}
}

func notReady(format string, args ...any) error {
	return &api.Error{Code: api.CodeUnavailable, Message: "the agent is not ready: " + fmt.Sprintf(format, args...)}
}

// settling finds out when a new node has joined, and when its view has settled.
type settling struct {
	joined time.Time // zero: not yet
	over   bool
	heard  map[string]heard // what was first learned of each other member
}

// heard is a life of a member and a counter of it.
type heard struct{ incarnation, heartbeat uint64 }

// judge returns why the node is not ready, or nil.
func (t *settling) judge(s *Snapshot, cfg *Config, hope hope) error {
	self, others := company(s.Views, cfg.Name)
	switch {
	case self.State == membership.Left:
		return notReady("it is leaving the cluster")
	case s.Refused != "":
		return notReady("it is %s", s.Refused)
	case t.over:
		return nil
	case t.joined.IsZero() && others == 0 && !hope.joined && hope.seeds+hope.saved > 0:
		return notReady("it has not joined: none of its seeds (%d) and remembered members (%d) has accepted it yet",
			hope.seeds, hope.saved)
	case t.joined.IsZero():
		t.joined = s.At
	}
	unheard := t.unheard(s.Views, cfg.Name)
	if unheard > 0 && s.At.Sub(t.joined) < cfg.Dead.Max {
		return notReady("its view has not settled: it has heard only once of %d members", unheard)
	}
	if s.Awaited > 0 && s.At.Sub(t.joined) < cfg.Dead.Max {
		return notReady("its view has not settled: it has not heard yet of %d members of the life before", s.Awaited)
	}
	t.over, t.heard = true, nil
	return nil
}

// unheard returns how many members are alive by hearsay only. What is first told of a member may be old, and
// the member dead; a counter that rises, or a verdict, settles it. One of the two comes within the dead time-out.
func (t *settling) unheard(views []membership.View, self string) (n int) {
	for _, v := range views {
		if v.Record.Name == self || !v.State.Present() {
			continue
		}
		first, known := t.heard[v.Record.Name]
		switch {
		case !known:
			t.heard[v.Record.Name] = heard{v.Record.Incarnation, v.Heartbeat}
			n++
		case first == heard{v.Record.Incarnation, v.Heartbeat}:
			n++
		}
	}
	return n
}

// company returns the node's own view of itself, and how many others are present.
func company(views []membership.View, name string) (self membership.View, others int) {
	for _, v := range views {
		if v.Record.Name == name {
			self = v
		} else if v.State.Present() {
			others++
		}
	}
	return self, others
}

// isolation returns who is gone when a node sees nobody else present although others should be: dead members, who
// never left. It may be the node itself that is cut off, and nobody can tell. It returns "" when the node
// sees somebody, or is alone because all others left.
func isolation(views []membership.View, name string) string {
	dead := 0
	for _, v := range views {
		switch {
		case v.Record.Name == name:
		case v.State.Present():
			return ""
		case v.State == membership.Dead:
			dead++
		}
	}
	if dead == 0 {
		return ""
	}
	return fmt.Sprintf("all others (%d) are dead to it, so it may be cut off itself", dead)
}
