package gossip_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// transcript returns all messages and events of a run with many faults, byte for byte.
func transcript(t *testing.T, seed uint64, change ...func(*sim.Config)) []byte {
	var log bytes.Buffer
	codec := wire.NewCodec()
	c := newCluster(t, seed, append(change, forgetful, func(cfg *sim.Config) { cfg.Network.Loss = 0.2 })...)
	c.OnMessage = func(at time.Duration, from, to netip.AddrPort, m wire.Message, arrives bool) {
		b, err := codec.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&log, "%s %s %s %v %x\n", at, from, to, arrives, b)
	}
	c.OnEvent = func(at time.Duration, observer string, e membership.Event) {
		fmt.Fprintf(&log, "%s %s %s %s %+v %v\n", at, observer, e.Type, e.Reason, *e.Member.Record, e.Member.Phi)
	}
	c.Boot(12, interval)
	c.Run(5 * time.Second)
	c.Crash(sim.Name(3))
	c.Freeze(sim.Name(4))
	c.Leave(sim.Name(5))
	c.Run(10 * time.Second)
	c.Thaw(sim.Name(4))
	split(c, 6)
	c.Run(10 * time.Second)
	c.Network.Heal()
	if err := c.Start(sim.Name(3), sim.Address(50), sim.Address(1)); err != nil {
		t.Fatal(err)
	}
	if err := c.SetTags(sim.Name(7), membership.Tags{{Key: "k", Value: "v"}}); err != nil {
		t.Fatal(err)
	}
	c.Run(30 * time.Second)
	return log.Bytes()
}

func TestSameSeedSameTranscriptByteForByte(t *testing.T) {
	a := transcript(t, 1)
	sameTranscript(t, a, transcript(t, 1), "something depends on the order of a map, or on a clock")
	if bytes.Equal(a, transcript(t, 2)) {
		t.Error("two seeds give the same run: nothing is random")
	}
	if len(a) < 100_000 {
		t.Errorf("the transcript has %d bytes: the test is void", len(a))
	}
}

// TestHeartbeatsOneByOneAndTogetherMeanTheSame compares a run with one in which none is taken as usual, since all waits are told.
func TestHeartbeatsOneByOneAndTogetherMeanTheSame(t *testing.T) {
	waits := 0
	told := transcript(t, 1, func(cfg *sim.Config) { cfg.Gossip.OnWait = func(gossip.Wait) { waits++ } })
	sameTranscript(t, transcript(t, 1), told, "heartbeats of a whole bucket mean something else than each by itself")
	if waits < 1000 {
		t.Errorf("%d waits are told: the test is void", waits)
	}
}

func sameTranscript(t *testing.T, a, b []byte, otherwise string) {
	t.Helper()
	if bytes.Equal(a, b) {
		return
	}
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	t.Errorf("two runs of one seed part after %d of %d bytes: %s:\n%s\n%s", i, len(a), otherwise,
		a[max(0, i-200):min(len(a), i+100)], b[max(0, i-200):min(len(b), i+100)])
}

func TestDocNamesFilesThatExist(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rules := regexp.MustCompile(`R(\d+)\s`).FindAllSubmatch(text, -1)
	seen := map[string]bool{}
	for _, r := range rules {
		seen[string(r[1])] = true
	}
	for n := 3; n <= 17; n++ {
		if !seen[fmt.Sprint(n)] {
			t.Errorf("doc.go does not say where to find R%d", n)
		}
	}
	files := regexp.MustCompile(`[a-z_]+\.go`).FindAllString(string(text), -1)
	if len(files) < 15 {
		t.Errorf("doc.go names %d files: the test is void", len(files))
	}
	for _, f := range files {
		if _, err := os.Stat(f); err != nil {
			t.Errorf("doc.go names %s, which is not there", f)
		}
	}
}
