package localapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"heartsay/api"
)

// errSlow says that a reader is slower than it may be.
var errSlow = errors.New("too slow: the reader took nothing for longer than a write may take")

const (
	frameSize = 32 << 10               // bytes that are collected before they are written
	lastRoom  = 4 * frameSize          // bytes that a slow reader is still sent
	lastTime  = 100 * time.Millisecond // for the kernel to take them
)

// eventStream writes events to one reader, as lines of JSON or as server-sent events [HTML, 9.2]. It owns the
// connection, which net/http has handed over: so it knows after a time-out where it stopped, and can still say why.
// After an error nothing may be sent but the end. One goroutine uses it.
type eventStream struct {
	conn      net.Conn
	sse       bool
	chunked   bool          // HTTP/1.1: a stream that breaks off can be told from one that ends
	writeTime time.Duration // for the reader to take something
	buf       []byte        // not yet written
	rest      []byte        // what a reader who was too slow has not taken
	torn      bool          // rest is not all: an event breaks off
	sent      uint64        // number of the last event that the reader has, or wants not
}

// newEventStream takes the connection of r over and tells the reader that it is heard, and from where on.
func newEventStream(w http.ResponseWriter, r *http.Request, writeTime time.Duration, cursor string) (*eventStream, error) {
	header := w.Header().Clone()
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	s := &eventStream{conn: conn, writeTime: writeTime, chunked: r.ProtoAtLeast(1, 1)}
	s.sse = strings.Contains(r.Header.Get("Accept"), "text/event-stream")
	header.Set("Content-Type", "application/x-ndjson")
	if s.sse {
		header.Set("Content-Type", "text/event-stream")
	}
	header.Set(api.CursorHeader, cursor)
	header.Set("Connection", "close")
	if s.chunked {
		header.Set("Transfer-Encoding", "chunked")
	}
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.%d 200 OK\r\n", r.ProtoMinor)
	_ = header.Write(&head) // to memory
	head.WriteString("\r\n")
	if err := s.write(head.Bytes()); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

// send adds one event, which line holds as JSON. It may wait in a buffer until flush.
func (s *eventStream) send(e api.Event, line []byte) error {
	s.sent = e.Seq
	return s.event(e.Cursor(), e.Type, line)
}

// sendReset adds a reset with the members that view holds as JSON.
func (s *eventStream) sendReset(e api.Event, view []byte) error {
	head, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode reset: %w", err)
	}
	s.sent = e.Seq
	return s.event(e.Cursor(), e.Type, head[:len(head)-1], []byte(`,"members":`), view, []byte("}"))
}

// event adds an event whose JSON is in parts.
func (s *eventStream) event(at api.Cursor, kind api.EventType, parts ...[]byte) error {
	var err error
	if s.sse {
		err = s.add(fmt.Appendf(nil, "id: %s\nevent: %s\ndata: ", at, kind))
		parts = append(parts, []byte("\n"))
	}
	for _, part := range append(parts, []byte("\n")) {
		if err == nil {
			err = s.add(part)
		} else if len(s.rest)+len(part) <= lastRoom {
			s.rest = append(s.rest, s.frame(part)...)
		} else {
			s.torn = true
		}
	}
	return err
}

// keepAlive sends something that means nothing, so that both sides learn when the other is gone.
func (s *eventStream) keepAlive() error {
	if s.sse {
		s.buf = append(s.buf, ": keep-alive\n\n"...)
	} else {
		s.buf = append(s.buf, '\n')
	}
	return s.flush()
}

// add adds bytes of an event, and writes what fills a frame. After an error the bytes that are left are in rest.
func (s *eventStream) add(b []byte) error {
	for len(s.buf)+len(b) > frameSize {
		n := frameSize - len(s.buf)
		s.buf = append(s.buf, b[:n]...)
		b = b[n:]
		if err := s.flush(); err != nil {
			if s.torn = len(b) > lastRoom; !s.torn {
				s.rest = append(s.rest, s.frame(b)...)
			}
			return err
		}
	}
	s.buf = append(s.buf, b...)
	return nil
}

// flush makes sure that the reader gets what was sent.
func (s *eventStream) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	frame := s.frame(s.buf)
	s.buf = nil // a reader who only listens keeps nothing
	return s.write(frame)
}

// frame returns b as a chunk of the body [RFC 9112, 7.1].
func (s *eventStream) frame(b []byte) []byte {
	if !s.chunked || len(b) == 0 {
		return b
	}
	frame := fmt.Appendf(make([]byte, 0, len(b)+16), "%x\r\n", len(b))
	return append(append(frame, b...), "\r\n"...)
}

func (s *eventStream) write(b []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.writeTime)); err != nil {
		return err
	}
	n, err := s.conn.Write(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.rest = append([]byte(nil), b[n:]...)
		return errSlow
	}
	return err
}

// end says that the stream is over and why. To a reader whose socket is full the kernel is asked for a little more
// room: the reader finds the end behind what it has not taken yet. The error says that it could not be told.
func (s *eventStream) end(e api.StreamEnd) error {
	if s.torn {
		return errors.New("an event that does not fit the socket breaks off")
	}
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode end: %w", err)
	}
	last := s.rest
	s.rest = nil
	if err := s.event(api.Cursor{Epoch: e.Epoch, Seq: e.Seq}, e.Type, data); err != nil {
		return err
	}
	last = append(last, s.frame(s.buf)...)
	if s.chunked {
		last = append(last, "0\r\n\r\n"...)
	}
	conn := s.conn
	if placed, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = placed.NetConn()
	}
	if c, ok := conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = c.SetWriteBuffer(2 * lastRoom) // without it the reader is told only if there is room
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(lastTime)); err != nil {
		return err
	}
	_, err = s.conn.Write(last)
	return err
}
