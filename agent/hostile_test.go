package agent

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"heartsay/agent/keyring"
	"heartsay/agent/seal"
	"heartsay/agent/transport"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// attack is an agent a with a member b beside it, and somebody at another address who wants it harm.
type attack struct {
	*cluster
	a        *Agent
	attacker *memTransport
	insider  *seal.Sealer // what the attacker seals with who has the key; nil without keys
	codec    *wire.Codec
}

// beginAttack starts the two. The attacker must be shut down at the end.
func beginAttack(c *cluster, keys *keyring.Keys) *attack {
	start := func(name string, host int, join ...string) *Agent {
		if keys != nil {
			return c.startSealed(name, host, keys, join...)
		}
		return c.start(name, host, join...)
	}
	s := &attack{cluster: c, a: start("a", 1), attacker: c.net.listen(at(9)), codec: wire.NewCodec()}
	start("b", 2, at(1).String())
	go func() { // nothing that is sent to the attacker is read
		for {
			select {
			case <-s.attacker.packets:
			case <-s.attacker.down:
				return
			}
		}
	}()
	time.Sleep(10 * time.Second)
	if keys != nil {
		s.insider = s.acquainted("heartsay", keys, s.boot())
	}
	return s
}

// boot returns the boot id of a, which is in the clear in all that it sends.
func (s *attack) boot() uint64 { return bootOf(s.a) }

func bootOf(a *Agent) uint64 { return binary.BigEndian.Uint64(a.sealer.Ask(at(9), time.Now())[8:]) }

// acquainted returns a sealer of the attacker's that takes a life for the one that listens at the address of a.
func (s *attack) acquainted(cluster string, keys *keyring.Keys, boot uint64) *seal.Sealer {
	s.t.Helper()
	own, life := seal.NewSealer(cluster, keys, seal.NewBoot()), seal.NewSealer(cluster, keys, boot)
	_, answers, err := life.OpenPacket(own.Ask(at(1), time.Now()), at(9), time.Now())
	if err == nil {
		_, _, err = own.OpenPacket(answers[0].Bytes, at(1), time.Now())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return own
}

// wrap puts a payload into an envelope that a takes.
func (s *attack) wrap(payload []byte) []byte {
	if s.insider != nil {
		return s.insider.SealPacket(at(1), payload, time.Now())
	}
	return seal.NewEnvelope("heartsay", 7).SealPacket(at(1), payload, time.Now())
}

// send sends a packet, and waits until it was handled.
func (s *attack) send(packet []byte) {
	s.t.Helper()
	if _, err := s.attacker.WriteTo(packet, at(1).String()); err != nil {
		s.t.Fatal(err)
	}
	time.Sleep(2 * memDelay)
	synctest.Wait()
}

// state tells what a believes, but for what time changes by itself.
func (s *attack) state() string {
	s.t.Helper()
	all, err := s.a.Members(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	var b strings.Builder
	for _, m := range all.Members {
		fmt.Fprintf(&b, "%s %s %s %d %v %s\n", m.Name, m.State, m.Address, m.Incarnation, m.Tags, m.Zone)
	}
	return b.String()
}

// counted returns all counts of what was not acted upon.
func (s *attack) counted() (all map[string]uint64) {
	all = s.a.named()
	for name := range all {
		if strings.HasPrefix(name, "packets_") || strings.HasPrefix(name, "bytes_") || name == "engine_deferred" {
			delete(all, name)
		}
	}
	return all
}

// wantHarmless does something hostile, and checks that it changes nothing and is counted under one of the reasons.
func (s *attack) wantHarmless(what string, reasons string, do func()) {
	s.t.Helper()
	state, before := s.state(), s.counted()
	do()
	if after := s.state(); after != state {
		s.t.Errorf("%s: a believes\n%swhere it believed\n%s", what, after, state)
	}
	after, hit := s.counted(), false
	for _, reason := range strings.Split(reasons, "|") {
		hit = hit || after[reason] > before[reason]
	}
	if !hit {
		s.t.Errorf("%s: no counter of %s rose: %v became %v", what, reasons, before, after)
	}
}

// header is that of a message of a member c that nobody knows.
func hostileHeader() wire.Header {
	return wire.Header{From: "c", Incarnation: uint64(time.Now().UnixMilli()), Heartbeat: 3, To: "a"}
}

// recordOf returns a record that is in order, of a member at a host.
func recordOf(name string, host int) *membership.Record {
	return &membership.Record{
		Name: name, Incarnation: uint64(time.Now().UnixMilli()), Version: 1, Address: at(host), Interval: time.Second,
	}
}

func (s *attack) encode(m wire.Message) []byte {
	s.t.Helper()
	b, err := s.codec.Encode(m)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// foreign is what other programs say, and noise.
func foreign() map[string][]byte {
	return map[string][]byte{
		"nothing at all": {}, "one byte": {1}, "noise": bytes.Repeat([]byte{0xa5, 0x5a}, 32<<10),
		"HTTP":        []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		"TLS":         append([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), make([]byte, 500)...),
		"SSH":         []byte("SSH-2.0-OpenSSH_9.6\r\n"),
		"DNS":         []byte("\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03org\x00\x00\x01\x00\x01"),
		"length 2^31": []byte("\x80\x00\x00\x00hs\x01\x02"), "length 2^32-1": []byte("\xff\xff\xff\xffhs\x01\x02"),
	}
}

func eitherWay(t *testing.T, test func(s *attack)) {
	for name, keys := range map[string]*keyring.Keys{"plain": nil, "sealed": keysOf("x")} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(c *cluster) {
				s := beginAttack(c, keys)
				defer s.attacker.Shutdown()
				test(s)
			})
		})
	}
}

func TestHostile1To3ForeignBytesOnTheGossipPortAreDroppedAndStreamsClosedWithinASecond(t *testing.T) {
	eitherWay(t, func(s *attack) {
		for what, b := range foreign() {
			s.wantHarmless(what+" in a packet", "packet_empty|packet_format|packet_size", func() { s.send(b) })
			if len(b) < 4 {
				continue // a stream that is silent: see TestThousandsOfSilentStreams
			}
			s.wantHarmless(what+" in a stream", "drop_length|drop_magic|drop_seal", func() {
				c, err := s.attacker.DialTimeout(at(1).String(), time.Second)
				if err != nil {
					s.t.Fatal(err)
				}
				begin := time.Now()
				go c.Write(b)
				io.Copy(io.Discard, c)
				if took := time.Since(begin); took > time.Second {
					s.t.Errorf("%s: the stream was open for %s: want it closed within a second", what, took)
				}
			})
		}
	})
}

func TestHostile2To5AMessageThatIsNoneIsDroppedEvenWithTheKey(t *testing.T) {
	eitherWay(t, func(s *attack) {
		good := s.encode(&wire.Ping{Header: hostileHeader()})
		deep := append([]byte{wire.Version, 3}, bytes.Repeat([]byte{0x91}, 1000)...)
		for what, c := range map[string]struct {
			payload []byte
			reasons string
		}{
			"nothing in an envelope":     {[]byte{}, "drop_malformed"},
			"a byte":                     {good[:1], "drop_malformed"},
			"cut short":                  {good[:len(good)-1], "drop_malformed"},
			"with a byte that trails":    {append(bytes.Clone(good), 0), "drop_malformed"},
			"nested a thousand deep":     {deep, "drop_malformed"},
			"nil in place of a message":  {[]byte{wire.Version, 3, 0xc0}, "drop_malformed"},
			"an array of 2^32-1":         {[]byte{wire.Version, 3, 0xdd, 0xff, 0xff, 0xff, 0xff}, "drop_malformed"},
			"a string of 2^31":           {[]byte{wire.Version, 3, 0x92, 0x94, 0xdb, 0x80, 0, 0, 0}, "drop_malformed"},
			"a map":                      {[]byte{wire.Version, 3, 0x81, 0x01, 0x01}, "drop_malformed"},
			"strings where numbers are":  {[]byte{wire.Version, 4, 0x92, 0x94, 0xa1, 'c', 0xa1, 'x', 1, 0xa1, 'a', 1}, "drop_malformed"},
			"an unknown type of message": {[]byte{wire.Version, 99, 0x90}, "drop_kind"},
			"a version to come":          {[]byte{wire.Version + 5, 3, 0x90}, "drop_version"},
			"version 0":                  {[]byte{0, 3, 0x90}, "drop_version"},
		} {
			s.wantHarmless(what, c.reasons, func() { s.send(s.wrap(c.payload)) })
		}
	})
}

func TestHostile6To9WhatAKeyHolderMayNotSayIsIgnored(t *testing.T) {
	eitherWay(t, func(s *attack) {
		now := uint64(time.Now().UnixMilli())
		delta := func(edit func(*membership.Record), heartbeat uint64) []byte {
			r := recordOf("c", 9)
			edit(r)
			return s.encode(&wire.Delta{Header: wire.Header{From: "b", Incarnation: now, Heartbeat: 9, To: "a"},
				Clock: now, Entries: []membership.Entry{{Record: r, Heartbeat: heartbeat}}})
		}
		header := func(edit func(*wire.Header)) []byte {
			h := hostileHeader()
			edit(&h)
			return s.encode(&wire.Pong{Header: h})
		}
		for _, c := range []struct {
			what    string
			payload []byte
			reasons string
		}{
			{"heartbeat 0", header(func(h *wire.Header) { h.Heartbeat = 0 }), "engine_invalid"},
			{"heartbeat 2^63", header(func(h *wire.Header) { h.Heartbeat = 1 << 63 }), "engine_invalid"},
			{"incarnation 2^64-1", header(func(h *wire.Header) { h.Incarnation = math.MaxUint64 }), "engine_invalid"},
			{"a record of two days ahead", delta(func(r *membership.Record) { r.Incarnation += 48 * 3600 * 1000 }, 1), "engine_clock"},
			{"a heartbeat that time does not allow", delta(func(*membership.Record) {}, 1<<40), "engine_clock"},
			{"an incarnation of 0", delta(func(r *membership.Record) { r.Incarnation = 0 }, 1), "drop_malformed"},
			{"a leave for somebody else's future life", delta(func(r *membership.Record) {
				r.Name, r.Leaving, r.Incarnation = "b", true, r.Incarnation+48*3600*1000
			}, 1), "engine_clock"},
			{"a record of a's next life but one day", delta(func(r *membership.Record) {
				r.Name, r.Incarnation = "a", r.Incarnation+48*3600*1000
			}, 1), "engine_clock"},
			{"an unspecified address", delta(func(r *membership.Record) { r.Address = netip.MustParseAddrPort("0.0.0.0:1") }, 1), "drop_malformed"},
			{"a multicast address", delta(func(r *membership.Record) { r.Address = netip.MustParseAddrPort("224.0.0.1:1") }, 1), "drop_malformed"},
			{"the broadcast address", delta(func(r *membership.Record) { r.Address = netip.MustParseAddrPort("255.255.255.255:1") }, 1), "drop_malformed"},
			{"port 0", delta(func(r *membership.Record) { r.Address = netip.MustParseAddrPort("10.0.0.9:0") }, 1), "drop_malformed"},
			{"a name of dots", delta(func(r *membership.Record) { r.Name = ".." }, 1), "drop_malformed"},
			{"a name with a slash", delta(func(r *membership.Record) { r.Name = "a/b" }, 1), "drop_malformed"},
			{"a name with a line end", delta(func(r *membership.Record) { r.Name = "a\nb" }, 1), "drop_malformed"},
			{"a name with ESC", delta(func(r *membership.Record) { r.Name = "a\x1b[2J" }, 1), "drop_malformed"},
			{"a name that turns around", delta(func(r *membership.Record) { r.Name = "a\u202eb" }, 1), "drop_malformed"},
			{"a name too long", delta(func(r *membership.Record) { r.Name = strings.Repeat("n", 129) }, 1), "drop_malformed"},
			{"a sender's name of ESC", header(func(h *wire.Header) { h.From = "\x1b" }), "engine_invalid"},
			{"meant for another member", header(func(h *wire.Header) { h.To = "z" }), "engine_misaddressed"},
			{"an answer to no question", s.encode(&wire.Pong{Header: wire.Header{From: "b", Incarnation: now, Heartbeat: 9, To: "a"}, Nonce: 1}), "engine_unasked"},
		} {
			s.wantHarmless(c.what, c.reasons, func() { s.send(s.wrap(c.payload)) })
		}
	})
}

// TestHostile13RecordsUnderItsNameDoNotMakeAnAgentCallManyAddresses: a has to ask whether a second agent has its name, but not
// everybody whom somebody names.
func TestHostile13RecordsUnderItsNameDoNotMakeAnAgentCallManyAddresses(t *testing.T) {
	eitherWay(t, func(s *attack) {
		const seconds, forged = 10, 50
		nobody := netip.MustParsePrefix("192.0.2.0/24")
		called, calls := map[netip.AddrPort]bool{}, 0
		s.net.Cut(func(_, to netip.AddrPort) bool {
			if !nobody.Contains(to.Addr()) {
				return false
			}
			called[to] = true
			calls++
			return true
		})
		before := s.counted()
		for i := range seconds * forged {
			r := recordOf("a", 0)
			r.Incarnation += uint64(i)
			r.Address = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 53)
			s.send(s.wrap(s.encode(&wire.Delta{Clock: r.Incarnation, Entries: []membership.Entry{{Record: r, Heartbeat: 1}},
				Header: wire.Header{From: "b", Incarnation: 1, Heartbeat: 1, To: "a"}})))
			time.Sleep(time.Second/forged - 2*memDelay)
		}
		after := s.counted()
		s.net.Cut(nil) // nothing counts any more
		if len(called) == 0 || len(called) > 4 || calls > 4*seconds {
			s.t.Errorf("%d records under its name: a sends %d packets or streams to %d addresses, want one address at a time and "+
				"one packet in an interval at most", seconds*forged, calls, len(called))
		}
		if got := after["engine_not_mine"] - before["engine_not_mine"]; got != seconds*forged {
			s.t.Errorf("%d of %d are counted as not its own", got, seconds*forged)
		}
		if after["engine_busy"] == before["engine_busy"] {
			s.t.Error("that it does not ask at all addresses is not counted")
		}
	})
}

// TestHostile12PlainAndForgedPacketsDoNotMoveASealedAgent is the table for those without the key.
func TestHostile12PlainAndForgedPacketsDoNotMoveASealedAgent(t *testing.T) {
	virtually(t, func(c *cluster) {
		s := beginAttack(c, keysOf("x"))
		defer s.attacker.Shutdown()
		join := s.encode(&wire.Delta{Header: hostileHeader(), Entries: []membership.Entry{{Record: recordOf("c", 9), Heartbeat: 3}}})
		stranger := s.acquainted("heartsay", keysOf("m"), s.boot())
		elsewhere := s.acquainted("staging", keysOf("x"), s.boot())
		flipped := s.wrap(join)
		flipped[len(flipped)-1] ^= 1
		past := s.acquainted("heartsay", keysOf("x"), seal.NewBoot())
		for _, x := range []struct {
			what, reasons string
			packet        []byte
		}{
			{"plain", "drop_plain", seal.NewEnvelope("heartsay", 7).SealPacket(at(1), join, time.Now())},
			{"another key", "drop_key", stranger.SealPacket(at(1), join, time.Now())},
			{"another cluster", "drop_seal", elsewhere.SealPacket(at(1), join, time.Now())},
			{"a bit flipped", "drop_seal", flipped},
			{"from before its restart", "drop_stale", past.SealPacket(at(1), join, time.Now())},
		} {
			s.wantHarmless(x.what, x.reasons, func() { s.send(x.packet) })
		}
		s.send(s.wrap(join))
		if !strings.Contains(s.state(), "\nc alive") {
			t.Errorf("the same message, sealed, does not bring c in, so the table proves nothing: %s", s.state())
		}
		again := s.wrap(join)
		s.send(again)
		s.wantHarmless("played back", "drop_replay", func() { s.send(bytes.Clone(again)) })
	})
}

func TestHostile10PhantomsOfOnePeerLeaveRoomForOthersAndHarmNobody(t *testing.T) {
	eitherWay(t, func(s *attack) {
		const phantoms, each = 8000, 10
		for i := 0; i < phantoms; i += each {
			d := &wire.Delta{Header: wire.Header{From: "b", Incarnation: uint64(time.Now().UnixMilli()), Heartbeat: 9, To: "a"},
				Clock: uint64(time.Now().UnixMilli())}
			for j := range each {
				d.Entries = append(d.Entries, membership.Entry{Record: recordOf(fmt.Sprint("phantom-", i+j), 9), Heartbeat: 1})
			}
			s.attacker.WriteTo(s.wrap(s.encode(d)), at(1).String())
			if i%500 == 0 {
				time.Sleep(100 * time.Millisecond)
			}
		}
		time.Sleep(5 * time.Second)
		now, err := s.a.Look(context.Background())
		if err != nil {
			s.t.Fatal(err)
		}
		if n := len(now.Views); n > 100 || n < 50 {
			s.t.Errorf("one peer filled the list with %d members, want the share of all addresses that have not proven themselves, 64", n)
		}
		if got := s.counted()["strangers"]; got < phantoms/3 {
			s.t.Errorf("%d phantoms were counted as too many, of %d", got, phantoms)
		}
		time.Sleep(25 * time.Second) // longer than any time-out
		if !strings.Contains("\n"+s.state(), "\nb alive") {
			s.t.Error("the real member b is not alive any more")
		}
	})
}

func TestHostile10ManySilentStreamsKeepNobodyOut(t *testing.T) {
	eitherWay(t, func(s *attack) {
		var held []net.Conn
		for range 200 {
			if c, err := s.attacker.DialTimeout(at(1).String(), time.Second); err == nil {
				held = append(held, c)
			}
		}
		synctest.Wait()
		if got := s.counted()["stream_share"]; got != 200-transport.MaxStreamShare {
			s.t.Errorf("%d silent streams of one source were without a place, want %d", got, 200-transport.MaxStreamShare)
		}
		cfg := s.config("d", 4, at(1).String())
		if s.insider != nil {
			cfg.AllowPlaintext, cfg.KeyFile = false, s.a.cfg.KeyFile
		}
		s.startWith(cfg)
		time.Sleep(time.Second)
		if !strings.Contains("\n"+s.state(), "\nd alive") {
			s.t.Errorf("a joiner is not served beside silent streams: %s", s.state())
		}
		time.Sleep(streamEnds)
		for _, c := range held {
			c.SetReadDeadline(time.Now().Add(time.Millisecond))
			if _, err := c.Read(make([]byte, 1)); err != io.EOF && err != io.ErrClosedPipe {
				s.t.Fatalf("a silent stream is still open after %s: %v", streamEnds, err)
			}
		}
	})
}

// Bounds of a node.
const (
	streamEnds = 20 * time.Second // for one that says nothing
)
