package e2e

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/gossip"
)

// What agents keep of members that are gone: over a restart, until their retention ends, until somebody forgets them; and
// how often they tell of a state that lasts. Each test has a small cluster of profile local, whose longest time-out is 10 s.

// localRig starts a cluster of n agents of profile local.
func localRig(t *testing.T, n int, flags ...string) *rig {
	t.Helper()
	t.Parallel()
	return newRig(t, n, append([]string{"--profile", "local"}, flags...)...)
}

// killTogether kills agents at one moment, as a power cut does.
func killTogether(agents ...*process) {
	var all sync.WaitGroup
	for _, p := range agents {
		all.Go(p.kill)
	}
	all.Wait()
}

// goneFrom waits until no observer lists any of the members.
func (r *rig) goneFrom(d time.Duration, members []*process, observers ...*process) {
	r.t.Helper()
	for _, p := range observers {
		for _, m := range members {
			p.await(d, "it does not list "+m.name, func() bool {
				all, err := p.client.Members(r.t.Context())
				return err == nil && len(all.Members) > 0 && p.member(m.name).Name == ""
			})
		}
	}
}

// told returns the events of a type that an agent has told since its start.
func (p *process) told(kind api.EventType) (events []api.Event) {
	p.t.Helper()
	last := p.self().LastSeq
	for e, err := range p.client.Events(p.t.Context(), api.EventsRequest{FromStart: true}) {
		if err != nil {
			p.t.Fatal(err)
		}
		if e.Type == kind {
			events = append(events, e)
		}
		if e.Seq >= last {
			break
		}
	}
	return events
}

func TestMemberThatDoesNotComeBackAfterAPowerCutIsListedAsDead(t *testing.T) {
	r := localRig(t, 4)
	for _, p := range r.agents {
		p.await(20*time.Second, "its state file knows the others", func() bool { return r.stateNames(p) == len(r.agents)-1 })
	}
	killTogether(r.agents...)
	back, missing := r.agents[:3], r.agents[3]
	for _, p := range back {
		r.restart(p)
	}
	r.settle(30*time.Second, back...)
	t.Logf("listed as dead by all after %s", r.see(40*time.Second, missing.name, api.Dead, back...).Round(10*time.Millisecond))
	for _, p := range back {
		dead := p.told(api.EventDead)
		if len(dead) != 1 || dead[0].Member.Name != missing.name || dead[0].Reason != gossip.NotHeard {
			t.Errorf("%s tells of the deaths %+v, want one, of %s, that was %s", p.name, dead, missing.name, gossip.NotHeard)
		}
		p.await(20*time.Second, "it is ready", func() bool { return p.client.Ready(t.Context()) == nil })
	}
	r.restart(missing)
	t.Logf("alive again after %s", r.settle(30*time.Second, r.agents...).Round(10*time.Millisecond))
}

func TestForgetTakesSeveralMembersFromAllLists(t *testing.T) {
	r := localRig(t, 6)
	live, dead := r.agents[:3], r.agents[3:]
	killTogether(dead...)
	for _, p := range dead {
		r.see(40*time.Second, p.name, api.Dead, live...)
	}
	forget := func(code int, words string, args ...string) {
		t.Helper()
		line := append([]string{"heartsay", "forget", "--api", "unix://" + filepath.Join(r.dir, live[0].name+".sock")}, args...)
		if got, out := runProcess(t, line...); got != code || !strings.Contains(out, words) {
			t.Errorf("forget %v ends with %d and %q, want %d and %q", args, got, out, code, words)
		}
	}
	forget(cli.ExitFailed, "m02", "m04", "m02")
	forget(cli.ExitNotFound, "nobody", "m04", "nobody")
	forget(cli.ExitUsage, "NAME")
	for _, p := range dead {
		if s := live[0].stateOf(p.name); s != api.Dead {
			t.Errorf("after requests that were refused %s is %q, want it dead in the list", p.name, s)
		}
	}
	forget(cli.ExitOK, "forgot m04\nforgot m05\n", "--everywhere", "m05", "m04")
	r.goneFrom(20*time.Second, dead[:2], live...)
	forget(cli.ExitOK, "m04 was forgotten before\n", "m04")
	forget(cli.ExitOK, "forgot m06\n", "--state", "dead", "--everywhere")
	r.goneFrom(20*time.Second, dead, live...)
	forget(cli.ExitOK, "no member is dead\n", "--state", "dead", "--everywhere")
	r.settle(20*time.Second, live...)
}

func TestDeadMemberLeavesTheListWhenItsRetentionEnds(t *testing.T) {
	r := localRig(t, 3, "--retain-dead", "10s")
	live, dead := r.agents[:2], r.agents[2]
	dead.kill()
	r.see(40*time.Second, dead.name, api.Dead, live...)
	since := time.Now()
	r.goneFrom(40*time.Second, []*process{dead}, live...)
	t.Logf("gone %s after all listed it as dead", time.Since(since).Round(10*time.Millisecond))
	r.settle(20*time.Second, live...)
}

// TestNameThatASupervisorAsksForAgainAndAgainIsOneConflict starts an agent under a name in use ten times, which joins by the
// holder itself or by another agent.
func TestNameThatASupervisorAsksForAgainAndAgainIsOneConflict(t *testing.T) {
	r := localRig(t, 3)
	holder, other := r.agents[0], r.agents[1]
	for i := range 10 {
		seed := []*process{holder, other}[i%2]
		code, out := r.impostor(30*time.Second, 3, holder.name, "--profile", "local", "--join", seed.bind())
		if code != cli.ExitFailed || !strings.Contains(string(out), "is held by a live agent at "+holder.bind()+":4327") {
			t.Fatalf("attempt %d by %s ends with %d and %q, want %d and who holds the name", i, seed.name, code, out, cli.ExitFailed)
		}
	}
	for _, p := range []*process{holder, other} {
		if events := p.told(api.EventConflict); len(events) != 1 || events[0].Member.Name != holder.name {
			t.Errorf("%s tells of the conflicts %+v, want one, about %s", p.name, events, holder.name)
		}
	}
	r.settle(20*time.Second, r.agents...)
}
