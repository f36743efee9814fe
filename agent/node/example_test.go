package node_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"heartsay/agent/node"
	"heartsay/agent/seal"
	"heartsay/api"
)

// Two members with sockets and a key of their program's: bob joins ann, who hears of it, and bob leaves.
func Example() {
	key := make([]byte, 32) // the same for all members
	rand.Read(key)
	ann, err := member("ann", key)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ann.Close()
	bob, err := member("bob", key)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bob.Close()

	ctx := context.Background()
	if _, err := bob.Join(ctx, []string{ann.Address()}, false); err != nil { // ann is not kept as a seed
		fmt.Println(err)
		return
	}
	for event, err := range ann.Follow(ctx, api.EventsRequest{FromStart: true}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(event.Type, event.Member.Name)
		switch {
		case event.Type == api.EventJoin && event.Member.Name == "bob":
			go bob.Leave(ctx)
		case event.Type == api.EventLeft:
			return
		}
	}
	// Output:
	// join ann
	// join bob
	// left bob
}

// member returns a member that runs on sockets of its own.
func member(name string, key []byte) (*node.Node, error) {
	cfg, err := node.DefaultConfig("local")
	if err != nil {
		return nil, err
	}
	cfg.Name = name
	keys, err := seal.NewKeys(key)
	if err != nil {
		return nil, err
	}
	transport, err := listen()
	if err != nil {
		return nil, err
	}
	return node.Start(cfg, node.Parts{Transport: transport, Seal: seal.NewSealer(cfg.Cluster, keys, seal.NewBoot())})
}

// sockets carry packets by UDP and streams by TCP.
type sockets struct {
	udp *net.UDPConn
	tcp net.Listener
}

// listen opens sockets on loopback, both at the same port.
func listen() (*sockets, error) {
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(tcp.Addr().(*net.TCPAddr).AddrPort()))
	if err != nil {
		return nil, errors.Join(err, tcp.Close())
	}
	return &sockets{udp, tcp}, nil
}

func (s *sockets) Local() netip.AddrPort { return s.tcp.Addr().(*net.TCPAddr).AddrPort() }

func (s *sockets) Send(to netip.AddrPort, b []byte) error {
	_, err := s.udp.WriteToUDPAddrPort(b, to)
	return err
}

func (s *sockets) Receive() ([]byte, netip.AddrPort, time.Time, error) {
	b := make([]byte, 2048)
	n, from, err := s.udp.ReadFromUDPAddrPort(b)
	return b[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), time.Now(), err
}

func (s *sockets) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", to.String())
}

func (s *sockets) Accept() (net.Conn, error) { return s.tcp.Accept() }

func (s *sockets) Lost() uint64 { return 0 } // nobody counts

func (s *sockets) Close() error { return errors.Join(s.udp.Close(), s.tcp.Close()) }
