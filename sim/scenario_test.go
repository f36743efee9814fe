package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"heartsay/gossip"
)

// lan returns a scenario like profile lan's, with faults.
func lan(members int, seed uint64, faults ...Fault) Scenario {
	return Scenario{
		Members: members, Seed: seed, Interval: 250 * time.Millisecond, Gossip: gossip.DefaultConfig(),
		Network: Network{Latency: time.Millisecond}, For: 30 * time.Second, Faults: faults,
	}
}

func play(t *testing.T, s Scenario) Report {
	t.Helper()
	rep, err := s.Run()
	if err != nil {
		t.Fatalf("seed %d: %v", s.Seed, err)
	}
	return rep
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var everyKind = []Fault{
	{Kind: Crash, At: time.Second, Members: []int{1}},
	{Kind: Restart, At: time.Second, For: 5 * time.Second, Members: []int{2}},
	{Kind: Restart, At: 2 * time.Second, For: time.Second, Members: []int{3}, Elsewhere: true},
	{Kind: Leave, At: 3 * time.Second, Members: []int{4}},
	{Kind: Freeze, At: 3 * time.Second, For: 8 * time.Second, Members: []int{5}},
	{Kind: Block, At: 3 * time.Second, For: 2 * time.Second, Pause: 64 * time.Millisecond, Until: 15 * time.Second, Members: []int{6}},
	{Kind: Loss, At: time.Second, For: 2 * time.Second, Pause: 2 * time.Second, In: 1, Members: []int{7}},
	{Kind: Cut, At: time.Second, For: 9 * time.Second, Members: []int{8}, To: []int{9, 10}},
	{Kind: Partition, At: 12 * time.Second, For: 5 * time.Second, Members: []int{8, 9}, To: []int{10}},
	{Kind: Duplicate, At: time.Second, For: 9 * time.Second, Share: 0.3},
	{Kind: Reorder, At: time.Second, For: 9 * time.Second, Delay: 400 * time.Millisecond},
	{Kind: Clock, At: 4 * time.Second, For: 4 * time.Second, Members: []int{11}, Offset: -time.Hour},
	{Kind: Join, At: 5 * time.Second, For: time.Second, Count: 5},
}

func TestScenarioGivesTheSameBytesAgain(t *testing.T) {
	var traces [2]bytes.Buffer
	var reports [2]string
	for i := range 2 {
		s := lan(16, 7, everyKind...)
		s.Network.Loss, s.Trace = 0.1, &traces[i]
		reports[i] = asJSON(t, play(t, s))
	}
	if reports[0] != reports[1] {
		t.Errorf("two runs of seed 7 report\n%s\n%s", reports[0], reports[1])
	}
	if !bytes.Equal(traces[0].Bytes(), traces[1].Bytes()) {
		t.Error("two runs of seed 7 differ in what happens")
	}
	if other := asJSON(t, play(t, lan(16, 8, everyKind...))); other == reports[0] {
		t.Error("seed 8 reports what seed 7 does")
	}
}

func TestScenarioHoldsAllPromisesUnderEveryFaultAtOnce(t *testing.T) {
	for seed := range uint64(8) {
		s := lan(16, seed, everyKind...)
		s.Network.Loss = float64(seed%4) / 10
		rep := play(t, s)
		if rep.FalseDeadAtHealthy > 0 {
			t.Errorf("seed %d: %d healthy members are dead at healthy observers", seed, rep.FalseDeadAtHealthy)
		}
	}
}

func TestScenariosAreChecked(t *testing.T) {
	s := lan(0, 1, Fault{Kind: Crash, Members: []int{3}}, Fault{Kind: Loss, In: 2}, Fault{Kind: Freeze, Pause: 1})
	s.Network.Loss = 1.5
	_, err := s.Run()
	for _, want := range []string{"at least 1 is needed", "no member 3", "a share is from 0 to 1", "has to last", "share of the packets"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want it to say %q", err, want)
		}
	}
	if broken := (*Broken)(nil); errors.As(err, &broken) {
		t.Error("a mistake in a scenario is reported as a broken promise")
	}
}

func TestSettledClusterKnowsAllAtOnceAndDetectsLikeAnother(t *testing.T) {
	settled := lan(60, 3, Fault{Kind: Crash, Members: []int{5, 6}}, Fault{Kind: Restart, At: time.Second, Members: []int{7}})
	settled.Settled = true
	rep := play(t, settled)
	if rep.Convergence != nil {
		t.Errorf("a settled cluster converged within %v s, want it not to be told: nobody joined", *rep.Convergence)
	}
	joined := settled
	joined.Settled = false
	other := play(t, joined)
	if rep.VirtualSeconds > other.VirtualSeconds {
		t.Errorf("a settled cluster runs for %v s, one that has to join for %v s", rep.VirtualSeconds, other.VirtualSeconds)
	}
	if rep.Detection.Missed+rep.FalseDead != 0 || rep.Detection.P99 == nil || *rep.Detection.P99 > 2**other.Detection.P99 {
		t.Errorf("two crashes in a settled cluster: %+v with %d false deaths; want all found out, as in another: %+v",
			rep.Detection, rep.FalseDead, other.Detection)
	}
}
