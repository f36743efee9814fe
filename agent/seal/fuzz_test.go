package seal

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// FuzzOpenPacket gives foreign bytes to an agent with keys. Nothing may come out but what was sealed for it.
func FuzzOpenPacket(f *testing.F) {
	sender, receiver := NewSealer("prod", testKeys("xy"), NewBoot()), NewSealer("prod", testKeys("xy"), NewBoot())
	sender.contacts.at(addrB).boot = receiver.life.boot
	f.Add([]byte{})
	f.Add(sender.SealPacket(addrB, []byte("hello"), noon)[:Overhead+3])
	f.Add(sender.Ask(addrB, noon))
	f.Add(NewSealer("prod", testKeys("m"), NewBoot()).Ask(addrB, noon))
	f.Add(NewEnvelope("prod", 1).Seal(nil, ClassPacket, []byte("hello")))
	f.Add(append([]byte("hs\x01\x01"), make([]byte, 60)...))
	f.Add(append([]byte("hs\x01\x03\xff\xff\xff\xff"), make([]byte, 60)...))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: example\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		payload, _, err := receiver.OpenPacket(b, addrA, noon)
		switch {
		case err != nil && (reasonOf(err) == "none" || payload != nil):
			t.Fatalf("error %v has no reason, or the payload %q came with it", err, payload)
		case payload != nil:
			t.Fatalf("bytes that nobody sealed for this agent open as %q", payload)
		case len(receiver.peers.byBoot) > 0:
			t.Fatal("a sender is remembered that never was")
		}
	})
}

// FuzzOpenStream plays the other side of a stream to an agent with keys.
func FuzzOpenStream(f *testing.F) {
	s := NewSealer("prod", testKeys("x"), NewBoot())
	_, opening := NewSealer("prod", testKeys("x"), NewBoot()).opening()
	_, foreign := NewSealer("prod", testKeys("m"), NewBoot()).opening()
	f.Add(opening, true)
	f.Add(append(bytes.Clone(opening), opening...), false)
	f.Add(foreign, true)
	f.Add(opening[:40], true)
	f.Add([]byte("\x00\x00\x00\x3chs\x01\x02"), false)
	f.Add([]byte("\x00\x02\x00\x00hs\x01\x04"), false)
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), false)
	f.Fuzz(func(t *testing.T, b []byte, dialed bool) {
		c := &scripted{Reader: bytes.NewReader(b)}
		frames, err := s.OpenStream(c, dialed, time.Time{})
		if err != nil {
			return
		}
		if payload, err := ReadFrame(c, frames); err == nil {
			t.Fatalf("bytes that nobody sealed for this stream open as %q", payload)
		}
	})
}

// scripted is a stream whose other side says what is written down, and listens to nothing.
type scripted struct{ io.Reader }

func (*scripted) Write(b []byte) (int, error)      { return len(b), nil }
func (*scripted) Close() error                     { return nil }
func (*scripted) LocalAddr() net.Addr              { return net.TCPAddrFromAddrPort(addrB) }
func (*scripted) RemoteAddr() net.Addr             { return net.TCPAddrFromAddrPort(addrA) }
func (*scripted) SetDeadline(time.Time) error      { return nil }
func (*scripted) SetReadDeadline(time.Time) error  { return nil }
func (*scripted) SetWriteDeadline(time.Time) error { return nil }
