package transport

import (
	"github.com/hashicorp/memberlist"

	"heartsay/agent/addr"
)

// drain reads the channels of a carrier into an intake, whether or not that is read, until the function that it returns is called.
// A carrier may be able to shut down only while it is read, so that comes after.
func drain(carrier memberlist.Transport, in *intake) (end func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		in.move(carrier, stop)
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

// move takes what a carrier brings until stop is closed.
func (in *intake) move(carrier memberlist.Transport, stop <-chan struct{}) {
	packets, streams := carrier.PacketCh(), carrier.StreamCh()
	for {
		select {
		case p, ok := <-packets:
			if !ok {
				packets = nil
			} else if p != nil {
				from, _ := addr.Of(p.From) // the zero one is refused
				in.takePacket(from, p.Buf, p.Timestamp)
			}
		case c, ok := <-streams:
			if !ok {
				streams = nil
			} else if c != nil {
				in.takeStream(c)
			}
		case <-stop:
			return
		}
	}
}
