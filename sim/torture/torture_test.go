package torture

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"heartsay/membership"
	"heartsay/sim"
)

var (
	seeds     = flag.Int("seeds", 200, "number of random scenarios that clusters are tortured with")
	firstSeed = flag.Uint64("first", 1, "the first seed of those")
)

func TestTortureBreaksNoPromise(t *testing.T) {
	const workers = 4
	if testing.Short() || raced {
		*seeds = min(*seeds, 40)
	}
	all := make([][]Times, workers)
	for k := range uint64(workers) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for seed := *firstSeed + k; seed < *firstSeed+uint64(*seeds); seed += workers {
				all[k] = append(all[k], torture(t, Compose(seed)))
			}
		})
	}
	t.Cleanup(func() { t.Log(summary(slices.Concat(all...))) })
}

// summary tells how clusters came to themselves.
func summary(all []Times) string {
	var contact, equal, gone []time.Duration
	for _, r := range all {
		contact, equal, gone = append(contact, r.Contact), append(equal, r.Equal), append(gone, r.Gone)
	}
	text := fmt.Sprintf("%d scenarios. From the end of the faults (p50, p99, most):", len(all))
	for what, times := range map[string][]time.Duration{"to contact": contact, "from contact to equal views": equal, "from contact to all gone": gone} {
		slices.Sort(times)
		n := len(times)
		text += fmt.Sprintf("\n%s %s, %s, %s", what, times[n/2], times[n*99/100], times[n-1])
	}
	return text
}

var shrunk atomic.Int32

// torture runs t; a failure is shrunk and printed as a script to be put into testdata/torture.
func torture(t *testing.T, tt Case) (rec Times) {
	t.Helper()
	rec, err := tt.Run()
	if err == nil {
		return rec
	}
	var broken *sim.Broken
	if !errors.As(err, &broken) {
		t.Errorf("seed %d is no scenario: %v", tt.Seed, err)
		return rec
	}
	if shrunk.Add(1) > 4 { // the first ones tell enough, and each takes dozens of runs
		t.Errorf("%v\n\n%s", err, tt)
		return rec
	}
	small, why := tt.Shrink()
	t.Errorf("%v\nshrunk from %d faults to %d: %v\nas a script for testdata/torture:\n\n%s",
		err, len(tt.Faults), len(small.Faults), why, small)
	return rec
}

func TestTortureScriptsPass(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/torture/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("there are no scripts: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			tt, err := Parse(string(text))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tt.Run(); err != nil {
				t.Error(err)
			}
		})
	}
}

// defects are promises broken on purpose: what the end of a fault of some kind does to the cluster.
var defects = map[string]struct {
	kind  sim.Kind
	begin func(r *sim.Run, i int)
	found string
}{
	"a member that thaws is cut off for good": {sim.Freeze, func(r *sim.Run, i int) {
		a := r.Cluster.Member(sim.Name(i)).Address
		r.Cluster.Network.Cut = func(from, to netip.AddrPort) bool { return from == a || to == a }
	}, "healthy"},
	"a member that is unblocked makes somebody panic": {sim.Block, func(r *sim.Run, i int) {
		var none []int
		r.Cluster.After(r.Interval, func() { none[i]++ })
	}, "panic: runtime error: index out of range"},
	"a member that restarts takes back what it said": {sim.Restart, func(r *sim.Run, i int) {
		m := r.Cluster.Member(sim.Name(i))
		record := membership.Record{Name: m.Name, Address: m.Address, Interval: r.Interval, Incarnation: 1}
		if err := r.Cluster.StartRecord(record, sim.Address(1), sim.Address(2)); err != nil {
			panic(err)
		}
	}, "sends the counter"},
	"a member that was blocked is forgotten by another again and again": {sim.Block, func(r *sim.Run, i int) {
		r.Every(r.Interval, func() {
			if o := r.Cluster.Member(sim.Name((i + 1) % r.Members)); o.Engine != nil {
				r.Cluster.Forget(o.Name, sim.Name(i), true)
			}
		})
	}, "healthy members"},
	"a member that was deaf or mute declares another dead": {sim.Loss, func(r *sim.Run, i int) {
		other := r.Cluster.Member(sim.Name((i + 1) % r.Members))
		r.Cluster.After(r.Settle()+r.Interval, func() {
			if other.Engine == nil || r.Cluster.Member(sim.Name(i)).Engine == nil {
				return
			}
			v := other.Engine.Snapshot(r.Cluster.ClockOf(other))
			for _, v := range v {
				if v.Record.Name == other.Name {
					v.State = membership.Suspect
					r.Cluster.OnEvent(r.Cluster.Now(), sim.Name(i), membership.Event{Type: membership.EventSuspect, Member: v})
					v.State = membership.Dead
					r.Cluster.OnEvent(r.Cluster.Now(), sim.Name(i), membership.Event{Type: membership.EventDead, Member: v})
				}
			}
		})
	}, "both are healthy"},
	"a member ends for a duplicate name that was over long ago": {sim.DuplicateName, func(r *sim.Run, i int) {
		r.Cluster.After(r.Settle(), func() {
			if m := r.Cluster.Member(sim.Name(i)); m.Engine != nil {
				m.Deposed = true
				r.Cluster.Crash(m.Name)
				r.Cluster.OnYield(m)
			}
		})
	}, "as if its name were taken"},
}

func TestShrinkFindsTheOneFaultThatShowsADefect(t *testing.T) {
	for name, defect := range defects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(200) {
				tt := Compose(seed)
				if len(tt.Faults) < 3 {
					continue
				}
				tt.tamper = func(r *sim.Run, f sim.Fault) {
					if f.Kind == defect.kind {
						for _, i := range f.Members {
							defect.begin(r, i)
						}
					}
				}
				if _, err := tt.Run(); err == nil {
					continue
				}
				small, why := tt.Shrink()
				if len(small.Faults) != 1 || small.Faults[0].Kind != defect.kind || len(small.Faults[0].Members) != 1 {
					t.Errorf("%d faults were shrunk to\n%s\nwant one %s of one member", len(tt.Faults), small, defect.kind)
				}
				if _, again := small.Run(); again == nil || again.Error() != why.Error() {
					t.Errorf("it is found to be: %v; and when it runs again: %v", why, again)
				}
				if !strings.Contains(why.Error(), defect.found) {
					t.Errorf("it is found to be: %v; want %q", why, defect.found)
				}
				return
			}
			t.Error("200 seeds did not show it")
		})
	}
}

func TestScriptsHoldTheWholeCase(t *testing.T) {
	for seed := range uint64(300) {
		tt := Compose(seed)
		again, err := Parse("# a comment\n\n" + tt.String())
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, tt)
		}
		if again.String() != tt.String() || !reflect.DeepEqual(again.Faults, tt.Faults) {
			t.Errorf("seed %d was\n%s\nand is read as\n%s", seed, tt, again)
		}
	}
}

func TestParseRefusesWrongScripts(t *testing.T) {
	const cluster = "cluster members=4 core=2 for=10s\n"
	for script, want := range map[string]string{
		"":                                   "at least 1 is needed",
		cluster + "plague at=1s":             `line 2: there is no fault "plague"`,
		cluster + "crash at=soon members=3":  "line 2: at=soon",
		cluster + "crash when=1s":            `there is no "when" here`,
		cluster + "crash at=1s members=x":    "members=x",
		cluster + "crash at=1s members=7":    "there is no member 7",
		cluster + "crash at=1s members=1":    "of the core for ever",
		cluster + "freeze at=1s for=10s":     "lasts until 11s",
		"cluster members=4 core=1 for=10s\n": "at least 2 are needed",
	} {
		if _, err := Parse(script); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want it to say %q", script, err, want)
		}
	}
}

func TestComposeUsesEveryKindOfFault(t *testing.T) {
	seen, forever, back, large := map[sim.Kind]int{}, 0, 0, 0
	for seed := range uint64(1000) {
		tt := Compose(seed)
		if err := tt.Validate(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if tt.Members >= 30 {
			large++
		}
		for _, f := range tt.Faults {
			seen[f.Kind]++
			if endless(f) {
				forever++
			}
			if f.Pause > 0 {
				back++
			}
		}
	}
	for k := range sim.Kind(sim.DuplicateName + 1) {
		if seen[k] < 50 {
			t.Errorf("1000 seeds have %d times %s", seen[k], k)
		}
	}
	if forever < 300 || back < 100 || large < 30 {
		t.Errorf("1000 seeds have %d faults without an end, %d that come back, %d clusters of 30 members and more", forever, back, large)
	}
}
