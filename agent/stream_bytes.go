package agent

import (
	"net"

	"github.com/prometheus/client_golang/prometheus"
)

// countedStream counts the bytes of a gossip stream.
type countedStream struct {
	net.Conn
	received, sent prometheus.Counter
}

// counted returns c with its bytes counted.
func (m *metrics) counted(c net.Conn) net.Conn {
	return countedStream{c, m.streamed.WithLabelValues(in), m.streamed.WithLabelValues(out)}
}

func (s countedStream) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	s.received.Add(float64(n))
	return n, err
}

func (s countedStream) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	s.sent.Add(float64(n))
	return n, err
}
