package sim

import (
	"testing"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// book returns a ledger of three members that started long ago and know each other.
func book() *ledger {
	l := newLedger(newHealth(time.Second), 3)
	for j := range 3 {
		for i := range 3 {
			if i != j {
				l.note(0, j, i, join, membership.Alive)
			}
		}
	}
	return l
}

func (l *ledger) note(at time.Duration, observer, subject int, t membership.EventType, s membership.State) {
	l.event(at, observer, subject, membership.Event{Type: t, Member: view(Name(subject), 1, 1, s)})
}

func TestLedgerCountsVerdictsOnHealthyMembersAsFalse(t *testing.T) {
	l := book()
	l.note(10*time.Second, 0, 1, suspect, membership.Suspect)
	l.note(12*time.Second, 0, 1, dead, membership.Dead)
	l.note(13*time.Second, 2, 1, suspect, membership.Suspect)
	l.note(14*time.Second, 2, 1, alive, membership.Alive)
	if l.falseSuspect != 2 || l.falseDead != 1 || l.falseDeadAtHealthy != 1 || l.suspicion != 3*time.Second {
		t.Errorf("the ledger has %d false suspicions for %s and %d false deaths, %d of them at healthy observers; want 2 for 3s, 1, 1",
			l.falseSuspect, l.suspicion, l.falseDead, l.falseDeadAtHealthy)
	}
}

func TestLedgerExcusesMembersThatAreStruck(t *testing.T) {
	l := book()
	l.health.strike(1)
	accuse := func(at time.Duration, observer, subject int) {
		l.note(at, observer, subject, suspect, membership.Suspect)
		l.note(at, observer, subject, dead, membership.Dead)
		l.note(at, observer, subject, alive, membership.Alive)
	}
	accuse(5*time.Second, 0, 1)
	l.health.release(1, 10*time.Second)
	accuse(10500*time.Millisecond, 0, 1) // it has not settled yet
	if l.falseSuspect+l.falseDead != 0 {
		t.Errorf("%d suspicions and %d deaths of a member that is struck count as false", l.falseSuspect, l.falseDead)
	}
	accuse(10500*time.Millisecond, 1, 0)
	if l.falseDead != 1 || l.falseDeadAtHealthy != 0 {
		t.Errorf("of %d false deaths %d count at a healthy observer, want 0 of 1", l.falseDead, l.falseDeadAtHealthy)
	}
	accuse(12*time.Second, 0, 1)
	if l.falseDead != 2 || l.falseDeadAtHealthy != 1 {
		t.Errorf("once it has settled, %d false deaths of %d are at healthy observers, want 1 of 2", l.falseDeadAtHealthy, l.falseDead)
	}
}

func TestLedgerCountsDetectionAtObserversThatStayHealthy(t *testing.T) {
	l := book()
	runs := func(i int) bool { return i != 1 }
	l.crashed(1, 20*time.Second, runs)
	l.health.strike(2)
	l.note(23*time.Second, 0, 1, suspect, membership.Suspect)
	l.note(24*time.Second, 0, 1, dead, membership.Dead)
	l.note(25*time.Second, 2, 1, dead, membership.Dead)
	if len(l.detections) != 1 || l.detections[0] != 4*time.Second || l.falseSuspect+l.falseDead+l.missed(30*time.Second, runs) != 0 {
		t.Errorf("detections are %v, want 4s alone, and nothing false or missed", l.detections)
	}
}

func TestTrafficCountsAllHeaders(t *testing.T) {
	tr := newTraffic()
	ping := &wire.Ping{Header: wire.Header{From: "a", Incarnation: 1, Heartbeat: 1, To: "b"}, Nonce: 1}
	if tr.sent(ping); tr.bytes != 0 {
		t.Errorf("%d bytes are counted in the warm-up", tr.bytes)
	}
	tr.begin()
	tr.sent(ping)
	encoded, err := tr.codec.Encode(ping)
	if err != nil {
		t.Fatal(err)
	}
	if want := len(encoded) + 37 + 28; tr.bytes != want || tr.packets != 1 {
		t.Errorf("a packet counts %d bytes, want %d: message, envelope, UDP and IP", tr.bytes, want)
	}
	tr.bytes, tr.packets = 0, 0
	var many []membership.Entry
	for range 40 {
		many = append(many, membership.Entry{Record: view("somebody", 1767225600000, 1, membership.Alive).Record, Heartbeat: 1})
	}
	parts := &wire.Sync{Header: ping.Header, Last: true, Entries: many}
	tr.sent(parts)
	if encoded, err = tr.codec.Encode(parts); err != nil {
		t.Fatal(err)
	}
	if want := len(encoded) + 37 + 4 + 2*40; tr.bytes != want || tr.packets != 2 {
		t.Errorf("a stream counts %d bytes in %d packets, want %d in 2", tr.bytes, tr.packets, want)
	}
}

func TestQuantilesAreValuesThatWereSeen(t *testing.T) {
	var times []time.Duration
	for i := range 100 {
		times = append(times, time.Duration(i+1)*time.Second)
	}
	for p, want := range map[float64]time.Duration{0: 1, 0.5: 50, 0.99: 99, 1: 100} {
		if got := quantile(times, p); got != want*time.Second {
			t.Errorf("quantile %g is %s, want %s", p, got, want*time.Second)
		}
	}
}
