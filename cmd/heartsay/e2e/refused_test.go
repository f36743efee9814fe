package e2e

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"heartsay/agent/seal"
	"heartsay/api"
	"heartsay/cmd/heartsay/internal/clitest"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Agents that others refuse. The clock of one process cannot be set, so these tests do what a wrong clock would leave behind: they
// write a state file of the future, and they are the other side of a join themselves. What an agent does whose own clock is
// set right while it runs is tested in agent/node, in virtual time.

// years is how far the clocks are ahead of which these tests tell.
const years = 3 * 365 * 24 * time.Hour

func TestAgentWhoseStateIsOfTheFutureLivesToday(t *testing.T) {
	r := localRig(t, 3)
	victim := r.agents[1]
	victim.await(20*time.Second, "its state is written", func() bool { return r.stateNames(victim) == len(r.agents)-1 })
	victim.kill()
	rememberIncarnation(t, r.statePath(victim), uint64(time.Now().Add(years).UnixMilli()))
	r.restart(victim)
	r.settle(30*time.Second, r.agents...)
	if now := victim.self().Incarnation; now > uint64(time.Now().UnixMilli()) {
		t.Errorf("it lives in the incarnation %d, want none of the future", now)
	}
	if log := victim.log.String(); strings.Count(log, "is set aside: it lies more than") != 1 {
		t.Errorf("the log does not say once that the incarnation of the future is set aside:\n%s", log)
	}
	victim.await(20*time.Second, "it is ready", func() bool { return victim.client.Ready(t.Context()) == nil })
}

// exchangeOn writes one message on a stream, and returns the next one that comes.
func exchangeOn(c net.Conn, m wire.Message) (wire.Message, error) {
	framing := seal.NewEnvelope("heartsay", seal.NewBoot())
	b, err := wire.NewCodec().Encode(m)
	if err == nil {
		err = seal.WriteFrame(c, framing, b)
	}
	if err != nil {
		return nil, err
	}
	if b, err = seal.ReadFrame(c, framing); err != nil {
		return nil, err
	}
	return wire.NewCodec().Decode(b)
}

func TestAgentFromTheFutureIsToldWhyItIsRefused(t *testing.T) {
	a := startProcess(t, clitest.SocketDir(t), "a", nil, "--bind", "127.0.0.1:0", "--profile", "local")
	c, err := net.DialTimeout("tcp", a.self().Address, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	ahead := uint64(time.Now().Add(years).UnixMilli())
	join := &wire.Sync{Header: wire.Header{From: "d", Incarnation: ahead, Heartbeat: 1}, Join: true, Last: true}
	join.Entries = wire.Entries{{Heartbeat: 1, Record: &membership.Record{
		Name: "d", Incarnation: ahead, Version: 1, Address: netip.MustParseAddrPort(c.LocalAddr().String()), Interval: 100 * time.Millisecond,
	}}}
	answer, err := exchangeOn(c, join)
	if refused, ok := answer.(*wire.Refused); err != nil || !ok || refused.Reason != wire.ClockAhead {
		t.Errorf("a join from the future is answered with %+v, %v, want a refusal that names the clock", answer, err)
	}
	a.await(10*time.Second, "it counts the refusal", func() bool { return a.counter("engine_clock") > 0 })
	if m := a.member("d"); m.Name != "" {
		t.Errorf("the agent lists %+v", m)
	}
}

// refuseAll refuses all who ask a listener to be let in, until it is closed.
func refuseAll(l net.Listener, reason wire.RefusalReason, asked chan<- struct{}) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		r := &wire.Refused{Header: wire.Header{From: "a", Incarnation: uint64(time.Now().UnixMilli()), Heartbeat: 1}, Reason: reason}
		go func() {
			_, _ = exchangeOn(c, r) // the request is read after the answer, and is not looked at
			_ = c.Close()
			select {
			case asked <- struct{}{}:
			default:
			}
		}()
	}
}

func TestRefusedAgentSaysWhyOnceAndIsNotReadyUntilItIsLetIn(t *testing.T) {
	for reason, words := range map[wire.RefusalReason]string{
		wire.ClockAhead: "ahead of the clock there", wire.ListFull: "the list of members there is full",
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		asked := make(chan struct{}, 2)
		go refuseAll(l, reason, asked)
		dir, place := clitest.SocketDir(t), l.Addr().String()
		d := startProcess(t, dir, "d", nil, "--bind", "127.0.0.1:0", "--profile", "local", "--join", place)
		ready := func() error { return d.client.Ready(context.Background()) }
		d.await(20*time.Second, "it is not ready, because "+words, func() bool { return ready() != nil && strings.Contains(ready().Error(), words) })
		for range 2 {
			d.await(30*time.Second, "it asks again", func() bool { return len(asked) > 0 })
			<-asked
		}
		l.Close()
		a := startProcess(t, dir, "a", nil, "--bind", place, "--profile", "local")
		a.await(30*time.Second, "d is alive", func() bool { return a.stateOf("d") == api.Alive })
		d.await(30*time.Second, "it is ready", func() bool { return ready() == nil })
		log := d.log.String()
		if n := strings.Count(log, "no member in the view of most others"); n != 1 || !strings.Contains(log, words) {
			t.Errorf("that it is refused is logged %d times, want once, with the reason %q:\n%s", n, words, log)
		}
		d.await(10*time.Second, "it logs that this is over", func() bool { return strings.Count(d.log.String(), "no longer refused") == 1 })
	}
}
