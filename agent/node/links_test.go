package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"heartsay/agent/internal/fallback"
	"heartsay/agent/seal"
	"heartsay/api"
	"heartsay/gossip/wire"
)

// byStream returns how many present members an agent reaches by streams.
func (c *cluster) byStream(observer string) (n int) {
	c.t.Helper()
	all, err := c.agents[observer].Members(context.Background())
	if err != nil {
		c.t.Fatal(err)
	}
	for _, m := range all.Members {
		if m.Path == api.PathStream {
			n++
		}
	}
	return n
}

// deaths returns how many deaths an agent has called.
func (c *cluster) deaths(observer string) (n int) {
	events, _ := c.agents[observer].Ring().Read(0)
	for _, e := range events {
		if e.Type == "dead" {
			n++
		}
	}
	return n
}

func (c *cluster) counter(observer, name string) uint64 {
	return c.agents[observer].named()[name]
}

// startMany starts agents a, b, ... of which all but the first join by the first.
func (c *cluster) startMany(n int) (names []string) {
	for i := 1; i <= n; i++ {
		name := string(rune('a' + i - 1))
		names = append(names, name)
		if i == 1 {
			c.start(name, i)
		} else {
			c.start(name, i, at(1).String())
		}
	}
	return names
}

func TestWithoutUDPAClusterLivesOnStreamsAndReturnsToUDP(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.net.Lose(1)
		names := c.startMany(5)
		time.Sleep(2 * time.Minute)
		for _, name := range names {
			if got := c.byStream(name); got != 4 {
				t.Errorf("without UDP %s reaches %d of 4 members by streams", name, got)
			}
			if got := c.deaths(name); got != 0 {
				t.Errorf("without UDP %s declared %d members dead", name, got)
			}
		}
		c.net.Lose(0)
		time.Sleep(time.Minute)
		for _, name := range names {
			if got := c.byStream(name); got != 0 {
				t.Errorf("a minute after UDP came back %s still reaches %d members by streams", name, got)
			}
		}
	})
}

func TestUDPBlockedOneWayFallsBackToStreams(t *testing.T) {
	for _, way := range []string{"to", "from"} {
		t.Run(way+" the victim", func(t *testing.T) {
			virtually(t, func(c *cluster) {
				names := c.startMany(4)
				time.Sleep(10 * time.Second)
				c.net.BlockUDP(func(from, to netip.AddrPort) bool {
					return way == "to" && to == at(3) || way == "from" && from == at(3)
				})
				time.Sleep(2 * time.Minute)
				for _, name := range names {
					if got := c.deaths(name); got != 0 {
						t.Errorf("with UDP blocked %s c, %s declared %d members dead", way, name, got)
					}
				}
				if got := c.byStream("c"); got != 3 {
					t.Errorf("with UDP blocked %s c, it reaches %d of 3 members by streams: its requests or their answers are lost",
						way, got)
				}
			})
		})
	}
}

func TestDeadMemberIsTriedByStreamsEverMoreSeldom(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.startMany(3)
		time.Sleep(10 * time.Second)
		c.stop("c")
		time.Sleep(10 * time.Minute)
		tries := c.counter("a", "path_stream_failed")
		if tries == 0 || tries > 40 {
			t.Errorf("in 10 minutes a tried to reach a dead member %d times by streams: between 1 and 40 are meant", tries)
		}
		_ = c.agents["a"].do(context.Background(), func(l *loop, _ time.Time) {
			if open := len(l.links.open); open > 1 {
				t.Errorf("%d streams to dead members are open", open)
			}
		})
	})
}

// R15.
func TestStreamsInPlaceOfPacketsAreBounded(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		_ = a.do(context.Background(), func(l *loop, now time.Time) {
			for i := range 100 {
				l.carry(fmt.Sprint(i), at(100+i), []byte("payload"), true, now)
			}
			if got := len(l.links.open); got != maxLinks {
				t.Errorf("%d streams were opened at once, want %d at most", got, maxLinks)
			}
			for range 100 {
				l.carry("0", at(100), []byte("payload"), true, now)
			}
			if got := len(l.links.open[at(100)].queue); got > linkQueue {
				t.Errorf("%d messages wait on a stream, want %d at most", got, linkQueue)
			}
		})
		if c.counter("a", "path_stream_limit") == 0 || c.counter("a", "path_stream_full") == 0 {
			t.Error("messages that a bound kept from streams are not counted")
		}
	})
}

// openLink opens a stream to an agent and sends it messages, each in its frame.
func openLink(t *testing.T, c *cluster, host int, messages ...wire.Message) net.Conn {
	t.Helper()
	stranger := c.net.listen(at(200))
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := stranger.Dial(ctx, at(host))
	if err != nil {
		t.Fatal(err)
	}
	codec, envelope := wire.NewCodec(), seal.NewEnvelope("heartsay", 7)
	go func() {
		for _, m := range messages {
			payload, err := codec.Encode(m)
			if err != nil {
				panic(err)
			}
			if seal.WriteFrame(conn, envelope, payload) != nil {
				return
			}
		}
	}()
	return conn
}

func TestStreamInPlaceOfPacketsIsAnsweredAndEnds(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		ping := &wire.Ping{Header: wire.Header{From: "x", Incarnation: uint64(time.Now().UnixMilli()), Heartbeat: 1, To: "a"}, Nonce: 42}
		conn := openLink(t, c, 1, ping)
		defer conn.Close()
		codec, envelope := wire.NewCodec(), seal.NewEnvelope("heartsay", 7)
		payload, err := seal.ReadFrame(conn, envelope)
		if err != nil {
			t.Fatalf("a ping on a stream got no answer: %v", err)
		}
		m, err := codec.Decode(payload)
		if pong, ok := m.(*wire.Pong); err != nil || !ok || pong.Nonce != 42 {
			t.Fatalf("a ping on a stream was answered by %#v, %v", m, err)
		}
		begin := time.Now()
		for err == nil { // it also asks for the stranger's record
			_, err = seal.ReadFrame(conn, envelope)
		}
		if took := time.Since(begin); !errors.Is(err, io.EOF) || took > 2*frameTime {
			t.Errorf("an idle stream ended after %s with %v, want an end within %s", took, err, 2*frameTime)
		}
	})
}

func TestStreamInPlaceOfPacketsCannotTurnIntoAJoin(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		h := wire.Header{From: "x", Incarnation: uint64(time.Now().UnixMilli()), Heartbeat: 1}
		conn := openLink(t, c, 1, &wire.Ping{Header: h, Nonce: 1}, &wire.Sync{Header: h, Join: true, Last: true})
		defer conn.Close()
		for err := error(nil); err == nil; {
			_, err = seal.ReadFrame(conn, seal.NewEnvelope("heartsay", 7))
		}
		synctest.Wait()
		if c.counter("a", "drop_kind") != 1 {
			t.Errorf("a join after a ping on one stream is not refused and counted: %v", c.agents["a"].named())
		}
	})
}

// streamsAlone makes streams the way to a member.
func streamsAlone(routes *fallback.Table, name string, to netip.AddrPort, now time.Time) {
	ping := &wire.Ping{Header: wire.Header{To: name}}
	for range 3 {
		routes.Choose(ping, to, nil, now)
		now = now.Add(time.Minute)
		for _, r := range routes.Late(now) {
			routes.Repeated(r, true)
		}
		routes.Answered(&wire.Pong{Header: wire.Header{From: name}}, to, true, now)
	}
}

func TestOnlyAQuestionThatNobodyAnswersOnAStreamIsASignOfALostMember(t *testing.T) {
	for _, question := range []bool{false, true} {
		virtually(t, func(c *cluster) {
			a := c.start("a", 1)
			silent := c.net.listen(at(50))
			defer silent.Close()
			go func() {
				conn := <-silent.streams
				_, _ = io.Copy(io.Discard, conn) // takes everything, says nothing
			}()
			_ = a.do(context.Background(), func(l *loop, now time.Time) {
				streamsAlone(l.routes, "x", at(50), now)
				l.carry("x", at(50), []byte("payload"), question, now)
			})
			time.Sleep(10 * time.Second)
			lost := c.counter("a", "path_stream_failed") == 1
			if lost != question {
				t.Errorf("a message of which it is %t that it is a question got no answer, and the member counts as lost: %t",
					question, lost)
			}
			_ = a.do(context.Background(), func(l *loop, now time.Time) {
				if l.routes.OnStream("x", now) == question {
					t.Errorf("after silence on a stream it is %t that the path is a stream", !question)
				}
			})
		})
	}
}

// TestUDPBlockedAtOneHostMakesNobodySuspectIt cuts UDP at one of 24 hosts, at ten moments of an interval: the others must
// hear of it on streams before they would suspect it.
func TestUDPBlockedAtOneHostMakesNobodySuspectIt(t *testing.T) {
	suspected, longest := 0, time.Duration(0)
	for phase := range 10 {
		virtually(t, func(c *cluster) {
			names := c.startMany(24)
			time.Sleep(20*time.Second + time.Duration(phase)*50*time.Millisecond)
			c.net.BlockUDP(func(from, to netip.AddrPort) bool { return to == at(3) || from == at(3) })
			for range 100 {
				time.Sleep(50 * time.Millisecond)
				longest = max(longest, c.member("a", "c").Silence)
			}
			for _, name := range names {
				events, _ := c.agents[name].Ring().Read(0)
				for _, e := range events {
					if e.Type == "suspect" && name != "c" {
						suspected++
					}
				}
			}
		})
	}
	t.Logf("the longest silence at one observer was %.2f s", longest.Seconds())
	if suspected > 0 {
		t.Errorf("%d suspicions of a host whose UDP is blocked, in 10 runs", suspected)
	}
}
