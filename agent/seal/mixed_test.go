package seal

import (
	"net"
	"testing"
	"time"
)

// TestMemberThatSealsIsNotMadePlainByAForgedPacket, as long as it is heard.
func TestMemberThatSealsIsNotMadePlainByAForgedPacket(t *testing.T) {
	until := noon.Add(time.Hour)
	plain := NewEnvelope("prod", 7)
	forgery := func() []byte { return plain.Seal(nil, ClassPacket, []byte("x")) }
	for _, c := range []struct {
		what                       string
		sealed, forged, now, until time.Duration
		want                       bool
	}{
		{"nothing came", -time.Hour, -time.Hour, 0, time.Hour, false},
		{"something sealed came", 0, -time.Hour, time.Second, time.Hour, true},
		{"something plain came before", time.Second, 0, 2 * time.Second, time.Hour, true},
		{"something plain came soon after", 0, sealedHold, sealedHold, time.Hour, true},
		{"something plain came, and nothing sealed for some time", 0, sealedHold + 1, sealedHold + 1, time.Hour, false},
		{"nothing sealed came for long", 0, -time.Hour, sealedFor + 1, time.Hour, false},
		{"the time is over", 0, sealedHold + 1, time.Hour, time.Hour, true},
	} {
		a, s := acquainted(t, testKeys("x"), testKeys("x"))
		m := NewMixed(s, plain, until)
		m.contacts.byAddress[addrA] = &contact{}
		if c.sealed >= 0 {
			if _, _, err := m.OpenPacket(forged(a, s, a.counter+1), addrA, noon.Add(c.sealed)); err != nil {
				t.Fatal(err)
			}
		}
		if c.forged >= 0 {
			if _, _, err := m.OpenPacket(forgery(), addrA, noon.Add(c.forged)); err != nil {
				t.Fatal(err)
			}
		}
		packet := m.SealPacket(addrA, []byte("secret"), noon.Add(c.now))
		if got := packet != nil && !isPlain(packet); got != c.want {
			t.Errorf("%s: the next message is sealed: %v, want %v", c.what, got, c.want)
		}
	}
}

// TestMixedAgentAsksWhoIsPlainForAKeyNowAndThen, and learns when it has one.
func TestMixedAgentAsksWhoIsPlainForAKeyNowAndThen(t *testing.T) {
	m := NewMixed(NewSealer("prod", testKeys("x"), NewBoot()), NewEnvelope("prod", 1), noon.Add(time.Hour))
	peer := NewSealer("prod", testKeys("x"), NewBoot())
	asked := 0
	var question []byte
	for i := range 60 {
		if q := m.Question(addrB, noon.Add(time.Duration(i)*time.Second)); q != nil {
			asked, question = asked+1, q
		}
	}
	if asked != 6 {
		t.Errorf("in a minute one address is asked %d times, want 6", asked)
	}
	now := noon.Add(time.Minute)
	_, answers, err := peer.OpenPacket(question, addrA, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.OpenPacket(answers[0].Bytes, addrB, now); err != nil {
		t.Fatal(err)
	}
	if isPlain(m.SealPacket(addrB, []byte("secret"), now)) || m.Question(addrB, now) != nil {
		t.Error("an address that has answered a question gets plain messages, or is asked again")
	}
}

// TestMixedAgentTakesStreamsAsTheyBegin, and learns from its own that the other side has no key.
func TestMixedAgentTakesStreamsAsTheyBegin(t *testing.T) {
	sealer := func() *Sealer { return NewSealer("prod", testKeys("x"), NewBoot()) }
	mixed := func() *Mixed { return NewMixed(sealer(), NewEnvelope("prod", 1), time.Now().Add(time.Hour)) }
	type opener interface {
		OpenStream(net.Conn, bool, time.Time) (Framing, error)
	}
	for _, c := range []struct {
		what             string
		dialer, listener opener
	}{
		{"from one without a key", NewEnvelope("prod", 2), mixed()},
		{"from one with a key", sealer(), mixed()},
		{"from a mixed one", mixed(), mixed()},
		{"to one with a key", mixed(), sealer()},
	} {
		near, far := net.Pipe()
		deadline := time.Now().Add(5 * time.Second)
		went := make(chan error, 1)
		go func() {
			f, err := c.dialer.OpenStream(near, true, deadline)
			if err == nil {
				err = WriteFrame(near, f, []byte("one"))
			}
			if err == nil {
				err = WriteFrame(near, f, []byte("two"))
			}
			went <- err
		}()
		f, err := c.listener.OpenStream(far, false, deadline)
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		for _, want := range []string{"one", "two"} {
			if got, err := ReadFrame(far, f); string(got) != want {
				t.Errorf("%s: a frame is %q, %v, want %q", c.what, got, err, want)
			}
		}
		if err := <-went; err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		near.Close()
		far.Close()
	}
}
