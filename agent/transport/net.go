package transport

import (
	"errors"
	"fmt"
	"heartsay/agent/addr"
	"net/netip"
	"strings"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/memberlist"
)

// freePortTries is how often a free port is picked: the one that TCP gets may be taken for UDP.
const freePortTries = 16

// openSockets makes a NetTransport; a test may make it fail first.
type openSockets func(*memberlist.NetTransportConfig) (*memberlist.NetTransport, error)

// listenNet opens sockets at bind, and returns them with the address that they really have.
func listenNet(bind netip.AddrPort, log hclog.Logger, drops *drops, open openSockets) (*memberlist.NetTransport,
	netip.AddrPort, error) {
	ip := bind.Addr().Unmap()
	if err := addr.CheckHost(ip); err != nil { // NetTransport would listen on every interface
		return nil, netip.AddrPort{}, err
	}
	cfg := &memberlist.NetTransportConfig{
		BindAddrs: []string{ip.String()},
		BindPort:  int(bind.Port()),
		Logger:    newLog(log, drops),
	}
	t, err := open(cfg)
	for try := 1; err != nil && bind.Port() == 0 && try < freePortTries && inUse(err); try++ {
		t, err = open(cfg)
	}
	if err != nil {
		return nil, netip.AddrPort{}, explainListen(err)
	}
	return t, netip.AddrPortFrom(ip, uint16(t.GetAutoBindPort())), nil
}

// inUse reports whether err says that a port is taken. NetTransport hands on the text of its causes only.
func inUse(err error) bool { return strings.Contains(err.Error(), syscall.EADDRINUSE.Error()) }

// explainListen returns what err means for the operator, and wraps the system's error number when it is a known one.
func explainListen(err error) error {
	for _, known := range []struct {
		cause syscall.Errno
		todo  string
	}{
		{syscall.EADDRINUSE, "choose another port with --bind, or stop what holds it"},
		{syscall.EADDRNOTAVAIL, "this host does not have the address: give one of its own with --bind"},
		{syscall.EACCES, "choose a port above 1023 with --bind"},
	} {
		if strings.Contains(err.Error(), known.cause.Error()) {
			return fmt.Errorf("%w: %s", known.cause, known.todo)
		}
	}
	_, cause, found := strings.Cut(err.Error(), ": ")
	if !found {
		return err
	}
	return errors.New(cause)
}
