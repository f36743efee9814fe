package sim

import (
	"errors"
	"fmt"
	"io"
	"time"

	"heartsay/gossip"
	"heartsay/membership"
	"heartsay/phi"
)

// Scenario is a cluster, what goes wrong in it, and for how long it is watched. It is data: the same scenario gives
// the same report, byte for byte. See [NewScenario].
//
// A run has two parts. In the warm-up all members start at random moments within Spread and join by the first; it
// lasts until all know all, and [WarmUpIntervals] more, in which the detectors learn. Then the time of the faults
// begins to count and traffic is measured, which lasts For.
type Scenario struct {
	Members  int
	Seed     uint64
	Interval time.Duration // of all members
	Gossip   gossip.Config
	Network  Network
	Spread   time.Duration // all members start within this; 0: within one interval
	Memory   bool          // members that restart remember whom they knew, as agents with a state file do
	Settled  bool          // all members know all others once they have started; none has to join
	Faults   []Fault
	For      time.Duration // virtual time after the warm-up

	Trace    io.Writer                    // gets a line for each event and message, if set
	Progress func(done, of time.Duration) // is called now and then with how far the run has got in virtual time, if set
}

// WarmUpIntervals is for how many intervals a cluster runs after all know all before anything goes wrong: long enough
// for the pooled ages of news to outweigh the guess that they start from.
const WarmUpIntervals = 40

// warmUpLimit is how long all members may take to know all others before the run goes on without.
func (s Scenario) warmUpLimit() time.Duration { return s.Spread + 2*time.Minute + 200*s.Interval }

// Validate returns all that is wrong with s, joined, or nil. It changes nothing.
func (s Scenario) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(s.Members >= 1, "members is %d: at least 1 is needed", s.Members)
	check(s.Members <= MaxMembers, "members is %d: at most %d can be simulated", s.Members, MaxMembers)
	check(s.Interval >= membership.MinInterval && s.Interval <= membership.MaxInterval,
		"interval is %s: %s to %s is needed", s.Interval, membership.MinInterval, membership.MaxInterval)
	check(s.For >= 0 && s.Spread >= 0, "a run cannot take %s, nor its start %s", s.For, s.Spread)
	check(s.Network.Latency >= 0 && s.Network.Jitter >= 0, "latency cannot be negative")
	check(share(s.Network.Loss) && share(s.Network.Twice), "a share of the packets is from 0 to 1")
	faults = append(faults, s.Gossip.Validate())
	for _, f := range s.Faults {
		faults = append(faults, f.validate(s.Members))
	}
	return errors.Join(faults...)
}

// MaxMembers is how many members a scenario may have. The addresses would allow more, the memory of a computer not.
const MaxMembers = 20000

// Run plays the scenario and reports on it. The error says what is wrong with it, or is a [*Broken] when a promise was
// broken; the report then tells what was seen until then.
func (s Scenario) Run() (Report, error) {
	if err := s.Validate(); err != nil {
		return Report{}, err
	}
	return NewRun(s).Play()
}

// Settings is how members are configured, as an operator does it.
type Settings struct {
	Interval      time.Duration // between two heartbeats
	Fanout        int           // peers that a round exchanges with, ≥ 1
	Budget        int           // bytes of heartbeats that a digest tells at most; 0: by the size of the list
	Detector      string        // see [phi.ByName]
	MaxPacket     int           // bytes of one packet with the envelope, without IP and UDP
	Suspect, Dead Threshold
}

// Threshold is where suspicion turns into a verdict: at Phi, but at no shorter a silence than Min and no longer a one
// than Max.
type Threshold struct {
	Phi      float64
	Min, Max time.Duration
}

// NewScenario returns a scenario of that many members without faults on a perfect network, to be completed and run.
// The error says what is wrong with the settings.
func NewScenario(members int, seed uint64, s Settings) (Scenario, error) {
	detector, err := phi.ByName(s.Detector)
	if err != nil {
		return Scenario{}, err
	}
	g := gossip.DefaultConfig()
	g.Fanout, g.Budget, g.Detector, g.MaxPayload = s.Fanout, s.Budget, detector, s.MaxPacket-EnvelopeBytes
	g.Suspect, g.Dead = gossip.Threshold(s.Suspect), gossip.Threshold(s.Dead)
	g.MaxMembers = max(g.MaxMembers, members)
	if err := g.Validate(); err != nil {
		return Scenario{}, fmt.Errorf("configure members: %w", err)
	}
	return Scenario{Members: members, Seed: seed, Interval: s.Interval, Gossip: g}, nil
}
