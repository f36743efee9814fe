package gossip_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"heartsay/gossip"
	"heartsay/membership"
)

// Two members meet. An engine does nothing by itself: the caller carries what it says, and tells it the time.
func Example() {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	start := func(name, address string) *gossip.Engine {
		record := membership.Record{
			Name: name, Address: netip.MustParseAddrPort(address), Interval: time.Second, Incarnation: uint64(now.UnixMilli()),
		}
		e, err := gossip.New(now, record, gossip.DefaultConfig(), rand.New(rand.NewPCG(1, 2)))
		if err != nil {
			panic(err)
		}
		e.Tick(now)
		return e
	}
	a, b := start("a", "10.0.0.1:4327"), start("b", "10.0.0.2:4327")
	addressOf := func(e *gossip.Engine) netip.AddrPort { return e.Self().Record.Address }

	// b joins: it opens a stream to a, sends its view, and reads a's.
	const stream = 1
	for _, part := range b.OpenSync(now, true) {
		for _, answer := range a.ReceiveOn(now, stream, addressOf(b), part).Messages {
			b.Receive(now, addressOf(a), answer.Message)
		}
	}

	// A second later a's round is due: it asks the one it knows, who answers.
	now = now.Add(time.Second)
	for _, asked := range a.Tick(now).Messages {
		fmt.Printf("a sends %T to %s\n", asked.Message, asked.To)
		for _, answer := range b.Receive(now, addressOf(a), asked.Message).Messages {
			fmt.Printf("b sends %T to %s\n", answer.Message, answer.To)
			a.Receive(now, addressOf(b), answer.Message)
		}
	}
	for _, v := range b.Snapshot(now) {
		fmt.Println("b sees", v.Record.Name, v.State, "at heartbeat", v.Heartbeat)
	}
	// Output:
	// a sends *wire.Digest to 10.0.0.2:4327
	// b sends *wire.Delta to 10.0.0.1:4327
	// b sees a alive at heartbeat 2
	// b sees b alive at heartbeat 1
}
