package torture

import (
	"math/rand/v2"
	"slices"
	"time"

	"heartsay/gossip"
	"heartsay/sim"
)

// Compose returns a case with random faults; the same seed gives the same case. It has 3 to 40 members, mostly few, at an
// interval of 250 ms, and one to ten faults, several at once, that come and go within 10 to 90 seconds. Some faults have no
// end; they do not strike the core, which is at least half of the members. In one case of three, dead members are forgotten
// within the run.
func Compose(seed uint64) Case {
	g := &composer{rng: rand.New(rand.NewPCG(seed, 3)), busy: map[slot]time.Duration{}}
	t := Case{Scenario: sim.Scenario{
		Members: 3 + g.small(38), Seed: seed, Interval: 250 * time.Millisecond, Gossip: gossip.DefaultConfig(),
		Network: sim.Network{Latency: time.Duration(1+g.rng.IntN(30)) * time.Millisecond},
		For:     time.Duration(10+g.small(80)) * time.Second,
	}}
	t.Core = max(2, t.Members/2)
	if g.chance(0.3) {
		t.Network.Loss = float64(1+g.rng.IntN(6)) / 20
	}
	if g.chance(0.33) {
		t.Gossip = Forgetful(t.Gossip)
	}
	g.torture = &t
	for range 1 + g.small(10) {
		if f, ok := g.fault(); ok {
			t.Faults = append(t.Faults, f)
		}
	}
	if g.chance(0.3) && t.Gossip.DeadRetention > t.For {
		t.Faults = append(t.Faults, g.duplicateNames()...)
	}
	g.rng = rand.New(rand.NewPCG(seed, 4)) // of their own: the faults above stay what they were
	if t.Memory = g.chance(0.5); t.Memory && g.chance(0.5) {
		t.Faults = append(t.Faults, g.powerCut()...)
	}
	if g.chance(0.3) {
		t.Faults = append(t.Faults, g.fullList()...)
	}
	return t
}

// powerCut draws a power cut: all members stop at one moment, and some do not come back.
func (g *composer) powerCut() []sim.Fault {
	t := g.torture
	at := g.tenths(t.For / 2)
	lost := sim.Fault{Kind: sim.Crash, At: at, Members: g.some(1+g.small(t.Members-t.Core), t.Core)}
	back := sim.Fault{Kind: sim.Restart, At: at, For: 500*time.Millisecond + g.tenths(min(t.For/2, 20*time.Second)-time.Second)}
	for i := range t.Members {
		if !slices.Contains(lost.Members, i) {
			back.Members = append(back.Members, i)
		}
	}
	if len(lost.Members) == 0 || g.strikes(sim.Crash) || g.strikes(sim.Restart) || g.strikes(sim.DuplicateName) {
		return nil
	}
	return []sim.Fault{lost, back}
}

// fullList draws members that die and as many that join when they are dead, in lists that have room for those that were there at
// the start.
func (g *composer) fullList() []sim.Fault {
	t := g.torture
	const later = 45 * time.Second // than the longest silence
	lost := sim.Fault{Kind: sim.Crash, At: g.tenths(t.For / 2), Members: g.some(1+g.small(t.Members-t.Core), t.Core)}
	lost.Members = slices.DeleteFunc(lost.Members, func(i int) bool { // those that start again would need their places
		return slices.ContainsFunc(t.Faults, func(f sim.Fault) bool {
			return (f.Kind == sim.Restart || f.Kind == sim.Clock) && slices.Contains(f.Members, i)
		})
	})
	if len(lost.Members) == 0 || g.strikes(sim.Crash) || g.strikes(sim.Join) || g.strikes(sim.DuplicateName) {
		return nil
	}
	join := sim.Fault{Kind: sim.Join, At: lost.At + later, For: time.Second, Count: len(lost.Members)}
	t.For = max(t.For, join.At+join.For)
	t.Gossip.MaxMembers = t.Members - 1
	return []sim.Fault{lost, join}
}

// strikes reports whether a fault of that kind is there.
func (g *composer) strikes(kind sim.Kind) bool {
	return slices.ContainsFunc(g.torture.Faults, func(f sim.Fault) bool { return f.Kind == kind })
}

// Forgetful returns g with retention times of seconds, so that dead and left members are forgotten within a run.
func Forgetful(g gossip.Config) gossip.Config {
	g.DeadGrace, g.LeftGrace = 5*time.Second, 5*time.Second
	g.DeadRetention, g.LeftRetention, g.TombstoneRetention = 15*time.Second, 10*time.Second, 40*time.Second
	return g
}

// composer draws faults. Two of one kind do not overlap on one member, nor on the whole network.
type composer struct {
	rng     *rand.Rand
	torture *Case
	busy    map[slot]time.Duration // until when
}

type slot struct {
	kind   sim.Kind
	member int // -1: the network
}

func (g *composer) chance(p float64) bool { return g.rng.Float64() < p }

// small returns a number from 0 to n-1; a small one is likelier.
func (g *composer) small(n int) int { return int(float64(n) * g.rng.Float64() * g.rng.Float64()) }

// some returns the numbers of up to n different members, at least from.
func (g *composer) some(n, from int) []int {
	all := g.rng.Perm(g.torture.Members - from)
	all = all[:min(n, len(all))]
	for i := range all {
		all[i] += from
	}
	slices.Sort(all)
	return all
}

// fault draws one fault. It returns false when one of that kind is there already.
func (g *composer) fault() (sim.Fault, bool) {
	t := g.torture
	f := sim.Fault{Kind: sim.Kind(g.rng.IntN(int(sim.DuplicateName)))}
	f.At = g.tenths(t.For / 2)
	endless := f.Kind == sim.Crash || f.Kind == sim.Leave || f.Kind != sim.Forget && g.chance(0.3)
	from, most := 0, 1+g.small(t.Members/2)
	if endless {
		from = t.Core
	}
	if g.chance(0.1) {
		most = t.Members
	}
	f.Members = g.some(most, from)
	if len(f.Members) == 0 {
		return f, false
	}
	if f.Kind == sim.Partition || f.Kind == sim.Duplicate || f.Kind == sim.Reorder || f.Kind == sim.Join || !endless {
		f.For = g.tenths(t.For-f.At-time.Second) + 500*time.Millisecond
		if g.chance(0.5) {
			f.For = t.For - f.At // many end at one moment
		}
	}
	g.detail(&f)
	if g.chance(0.3) && f.For > 0 && f.For < t.For/3 && f.Kind != sim.Join && f.Kind != sim.Clock {
		f.Pause, f.Until = g.tenths(f.For)+200*time.Millisecond, t.For-f.For
	}
	return f, g.claim(f)
}

// duplicateNames draws a second agent under a member's name; half of the time while that member is stopped, so that the two
// live until they meet.
func (g *composer) duplicateNames() []sim.Fault {
	t := g.torture
	at := time.Second + g.tenths(t.For/3)
	f := sim.Fault{Kind: sim.DuplicateName, At: at, For: 3*time.Second + g.tenths(t.For-at-3*time.Second), Members: g.some(1, 0)}
	if g.chance(0.5) {
		f.For = t.For - at
	}
	for _, other := range t.Faults {
		if other.Kind == sim.Clock && slices.Contains(other.Members, f.Members[0]) {
			return nil // both would rise above the life from the future, and might choose the same incarnation
		}
	}
	stop := sim.Fault{Kind: sim.Freeze, At: at - time.Second, For: 5 * time.Second, Members: f.Members}
	if g.chance(0.5) && g.claim(stop) {
		f.For = t.For - at
		return []sim.Fault{stop, f}
	}
	return []sim.Fault{f}
}

// detail fills in what only faults of its kind have.
func (g *composer) detail(f *sim.Fault) {
	t := g.torture
	switch f.Kind {
	case sim.Restart:
		f.Elsewhere = g.chance(0.4)
		if f.For > 20*time.Second {
			f.At, f.For = f.At+f.For-20*time.Second, 20*time.Second
		}
	case sim.Clock:
		f.Offset = time.Duration(g.rng.IntN(7200)-3600) * time.Second
	case sim.Loss:
		share := []float64{0.1, 0.3, 0.6, 0.9, 1, 1}[g.rng.IntN(6)]
		f.In, f.Out = share, share
		switch g.rng.IntN(3) {
		case 0:
			f.In = 0
		case 1:
			f.Out = 0
		}
	case sim.Cut:
		f.Members = f.Members[:min(2, len(f.Members))]
		for _, j := range g.some(1+g.small(4), 0) {
			if !slices.Contains(f.Members, j) {
				f.To = append(f.To, j)
			}
		}
	case sim.Forget:
		f.For = 0
		if g.chance(0.7) {
			f.To = g.some(1+g.small(t.Members), 0)
		}
	case sim.Partition:
		for _, j := range g.some(g.small(t.Members/2), 0) {
			if !slices.Contains(f.Members, j) {
				f.To = append(f.To, j)
			}
		}
	case sim.Duplicate:
		f.Members, f.Share = nil, float64(1+g.rng.IntN(9))/10
	case sim.Reorder:
		f.Members, f.Delay = nil, time.Duration(10+g.rng.IntN(300))*time.Millisecond
	case sim.Join:
		f.Members, f.Count = nil, 1+g.small(12)
	}
}

// claim notes which members f keeps busy. It returns false when one of them has a fault of that kind already.
func (g *composer) claim(f sim.Fault) bool {
	members := f.Members
	if f.Kind == sim.Partition || members == nil {
		members = []int{-1}
	}
	end := max(f.At+f.For, f.Until+f.For)
	if endless(f) {
		end = g.torture.For + 1
	}
	for _, i := range members {
		if _, taken := g.busy[slot{f.Kind, i}]; taken {
			return false
		}
	}
	for _, i := range members {
		g.busy[slot{f.Kind, i}] = end
	}
	return true
}

// tenths returns a time below d in tenths of seconds.
func (g *composer) tenths(d time.Duration) time.Duration {
	n := int(d / (100 * time.Millisecond))
	return time.Duration(g.rng.IntN(max(n, 1))) * 100 * time.Millisecond
}
