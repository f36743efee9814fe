package agent

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// What a holder of the key can do to a member while keys do not identify members, and what it cannot: the rows of the threat
// model in docs/security.md. Each test is the attack itself. The attacker has the key, an address of its own and nothing else.

// holder runs a test in which somebody with the key attacks an agent a that has a member b beside it.
func holder(t *testing.T, test func(s *attack)) {
	virtually(t, func(c *cluster) {
		s := beginAttack(c, keysOf("x"))
		defer s.attacker.Shutdown()
		test(s)
	})
}

// as returns the header of a message to a in the name of a member, from a life of that member that is newer by ahead.
func as(name string, ahead uint64, heartbeat uint64) wire.Header {
	return wire.Header{From: name, Incarnation: uint64(time.Now().UnixMilli()) + ahead, Heartbeat: heartbeat, To: "a"}
}

func TestKeyHolderTakesTheNameOfALiveMemberWhoseAgentEnds(t *testing.T) {
	holder(t, func(s *attack) {
		s.dirs["a"] = ""                            // on another host
		thief := s.startSealed("a", 3, keysOf("x")) // newer than a, and joins nobody: it is not refused
		defer thief.Close()
		s.agents["a"] = s.a
		s.send(s.wrap(s.encode(&wire.Delta{Header: as("c", 0, 1), Clock: uint64(time.Now().UnixMilli()),
			Entries: []membership.Entry{{Record: &membership.Record{Name: "a", Incarnation: thief.self().Incarnation, Version: 1,
				Address: at(3), Interval: 500 * time.Millisecond}, Heartbeat: 1}}})))
		time.Sleep(10 * time.Second)
		var conflict *ConflictError
		if err := s.a.Err(); !errors.As(err, &conflict) || conflict.Holder != at(3) {
			t.Errorf("a ended with %v, want a conflict with the thief at %s", err, at(3))
		}
		if err := thief.Err(); err != nil {
			t.Errorf("the thief ended: %v", err)
		}
	})
}

func TestKeyHolderKeepsADeadMemberAliveAsLongAsItForges(t *testing.T) {
	holder(t, func(s *attack) {
		life := s.member("a", "b").Incarnation
		s.stop("b")
		for i := range 120 {
			h := wire.Header{From: "b", Incarnation: life, Heartbeat: uint64(100 + i), To: "a"}
			s.send(s.wrap(s.encode(&wire.Pong{Header: h})))
			time.Sleep(500 * time.Millisecond)
		}
		if got := s.view("a"); got != "b=alive" {
			t.Errorf("a minute after its end a sees %s, want that the forgeries deceive it", got)
		}
		s.sees("a", 30*time.Second, "b=dead")
	})
}

func TestKeyHolderDisturbsTheRecordOfAMemberOnlyAsLongAsItForges(t *testing.T) {
	holder(t, func(s *attack) {
		life, disturbed := s.member("a", "b").Incarnation, 0
		for range 20 {
			now := uint64(time.Now().UnixMilli())
			s.send(s.wrap(s.encode(&wire.Delta{Header: as("c", 0, 1), Clock: now, Entries: []membership.Entry{{Heartbeat: 1,
				Record: &membership.Record{Name: "b", Incarnation: now, Version: 9, Address: at(2), Interval: 500 * time.Millisecond,
					Leaving: true}}}})))
			if s.view("a") == "b=left" {
				disturbed++
			}
			time.Sleep(time.Second)
		}
		s.sees("a", 5*time.Second, "b=alive")
		if now := s.member("a", "b").Incarnation; disturbed == 0 || now <= life || s.agents["b"].Err() != nil {
			t.Errorf("a took %d of 20 forged goodbyes; then b lives on with incarnation %d after %d, and its error is %v",
				disturbed, now, life, s.agents["b"].Err())
		}
	})
}

func TestKeyHolderCannotDeclareAMemberDeadThatIsHeard(t *testing.T) {
	holder(t, func(s *attack) {
		life := s.member("a", "b").Incarnation
		var accusers []string
		for i := range 5 { // that are members: others are not believed
			accusers = append(accusers, fmt.Sprint("phantom-", i))
			s.send(s.wrap(s.encode(&wire.Delta{Header: as("c", 0, 1), Clock: uint64(time.Now().UnixMilli()),
				Entries: []membership.Entry{{Record: recordOf(accusers[i], 9), Heartbeat: 1}}})))
		}
		for range 60 {
			e := &wire.Evidence{Header: as("c", 0, 1)}
			e.Suspicions = []wire.Suspicion{{Name: "b", Incarnation: life}}
			for _, name := range accusers {
				e.Suspicions[0].Accusations = append(e.Suspicions[0].Accusations, wire.Accusation{Accuser: name, Heartbeat: 1 << 20})
			}
			s.send(s.wrap(s.encode(e)))
			if got := s.view("a"); !strings.Contains(got, "b=alive") {
				t.Fatalf("a sees %s", got)
			}
			time.Sleep(200 * time.Millisecond)
		}
	})
}
