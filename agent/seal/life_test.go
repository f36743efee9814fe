package seal

import (
	"bytes"
	"net"
	"slices"
	"testing"
	"time"
)

// TestRenewedLifeTakesWhatIsMeantForTheOneBeforeForAMoment, and no nonce is used again under its key.
func TestRenewedLifeTakesWhatIsMeantForTheOneBeforeForAMoment(t *testing.T) {
	a, b := acquainted(t, testKeys("x"), testKeys("x"))
	former := b.life.boot
	before, early, late := forged(a, b, a.counter+1), forged(a, b, a.counter+2), forged(a, b, a.counter+3)
	a.counter += 3
	b.Renew(nil, noon)
	if b.life.boot == former || b.life.boot>>32 == 0 || uint32(b.life.boot) == 0 {
		t.Errorf("the boot id %x became %x", former, b.life.boot)
	}
	if payload, _, err := b.OpenPacket(before, addrA, noon); string(payload) != "x" {
		t.Errorf("what is meant for the life before is refused at once: %v", err)
	}
	if payload, _, err := b.OpenPacket(early, addrA, noon.Add(formerTime-1)); string(payload) != "x" {
		t.Errorf("what is meant for the life before is refused within the moment: %v", err)
	}
	if _, _, err := b.OpenPacket(slices.Clone(late), addrA, noon.Add(formerTime)); reasonOf(err) != "stale" {
		t.Errorf("what is meant for the life before comes late and is: %v, want it refused as stale", err)
	}
	if got := carry(t, b, a, b.SealPacket(addrB, []byte("hello"), noon)); len(got) != 1 || got[0] != "hello" {
		t.Errorf("a message of the new life came as %q", got)
	}
	if got := carry(t, a, b, a.SealPacket(addrB, []byte("reply"), noon)); len(got) != 1 || got[0] != "reply" {
		t.Errorf("a message to the new life came as %q", got)
	}
}

// TestTwoMachinesOfOneSnapshotShareNoLife: they may have the same random state, so what is unique must count.
func TestTwoMachinesOfOneSnapshotShareNoLife(t *testing.T) {
	a := NewSealer("prod", testKeys("x"), NewBoot())
	lives := map[uint64]bool{a.life.boot: true}
	for i := range byte(100) {
		a.Renew([]byte{i}, noon)
		lives[a.life.boot] = true
	}
	if len(lives) != 101 {
		t.Errorf("101 lives have %d boot ids", len(lives))
	}
}

// TestStreamOutlastsARenewedLife on either side.
func TestStreamOutlastsARenewedLife(t *testing.T) {
	a, b := NewSealer("prod", testKeys("x"), NewBoot()), NewSealer("prod", testKeys("x"), NewBoot())
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	type side struct {
		f   Framing
		err error
	}
	accepted := make(chan side, 1)
	deadline := time.Now().Add(10 * time.Second)
	go func() {
		f, err := b.OpenStream(far, false, deadline)
		accepted <- side{f, err}
	}()
	dialed, err := a.OpenStream(near, true, deadline)
	other := <-accepted
	if err != nil || other.err != nil {
		t.Fatal(err, other.err)
	}
	a.Renew(nil, noon)
	b.Renew(nil, noon)
	for i, way := range [][2]Framing{{dialed, other.f}, {other.f, dialed}} {
		payload, err := way[1].Open(way[0].Seal(nil, ClassStream, []byte("on")), ClassStream)
		if err != nil || !bytes.Equal(payload, []byte("on")) {
			t.Errorf("way %d: a frame opens as %q, %v", i, payload, err)
		}
	}
}
