package sim

import (
	"fmt"
	"io"
	"net/netip"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// tracer writes what happens in a run, a line for each event and message that begins with the virtual time. A nil
// tracer writes nothing.
type tracer struct{ w io.Writer }

func (t *tracer) line(at time.Duration, format string, args ...any) {
	if t != nil {
		fmt.Fprintf(t.w, "%12.6f  %s\n", at.Seconds(), fmt.Sprintf(format, args...))
	}
}

func (t *tracer) event(at time.Duration, observer string, e membership.Event) {
	if t == nil {
		return
	}
	v := e.Member
	t.line(at, "%s sees %s %s %d/%d %s: %s", observer, e.Type, v.Record.Name, v.Record.Incarnation, v.Heartbeat, v.State,
		e.Reason)
}

func (t *tracer) message(at time.Duration, from, to netip.AddrPort, m wire.Message, arrives bool) {
	if t == nil {
		return
	}
	fate := ""
	if !arrives {
		fate = " LOST"
	}
	h := m.Head()
	t.line(at, "%s -> %s %s of %s %d/%d%s", from, to, m.Kind(), h.From, h.Incarnation, h.Heartbeat, fate)
}
