package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/clitest"
)

// everywhere starts an agent on each of three hosts that is bound to all addresses, and waits until they see each other. The
// others join by the first.
func everywhere(t *testing.T, flags ...string) *rig {
	t.Helper()
	r := &rig{hosts: newHosts(t, 3), dir: clitest.SocketDir(t), record: &recorder{}}
	for i := 1; i <= 3; i++ {
		words := append([]string{"--bind", "0.0.0.0", "--allow-plaintext"}, flags...)
		if i > 1 {
			words = append(words, "--join", "10.0.0.1")
		}
		p := startProcess(t, r.dir, hostName(i), r.inside(i), words...)
		r.agents = append(r.agents, p)
		r.record.follow(p)
	}
	r.settle(30*time.Second, r.agents...)
	return r
}

// addressAt waits until all agents see a member at an address, and returns how long that took.
func (r *rig) addressAt(p *process, address string) time.Duration {
	r.t.Helper()
	begin := time.Now()
	for _, observer := range r.agents {
		observer.await(20*time.Second, p.name+" is at "+address, func() bool {
			m := observer.member(p.name)
			return m.Address == address && m.State == "alive"
		})
	}
	return time.Since(begin)
}

func TestAddressThatChangesIsToldWithinSecondsAndNobodyDies(t *testing.T) {
	t.Parallel()
	for _, sealed := range []bool{false, true} {
		t.Run(fmt.Sprintf("sealed=%v", sealed), func(t *testing.T) {
			t.Parallel()
			var flags []string
			if sealed {
				key := filepath.Join(t.TempDir(), "key")
				makeKey(t, key)
				flags = []string{"--key-file", key}
			}
			r := everywhere(t, flags...)
			begin, mover := time.Now(), r.agents[1]
			before := mover.self()

			r.run("ip -n NS addr add 10.0.1.2/17 dev eth0", 2)
			r.run("ip -n NS addr del 10.0.0.2/16 dev eth0", 2)
			took := r.addressAt(mover, "10.0.1.2:4327")
			t.Logf("all have the new address after %s", took.Round(10*time.Millisecond))
			r.settle(20*time.Second, r.agents...)
			after := mover.self()
			if after.Incarnation != before.Incarnation+1 || after.AddressReason == "" || after.AddressFault != "" {
				t.Errorf("the agent says of itself %+v, want the incarnation after %d", after, before.Incarnation)
			}
			r.onlyDead(begin)
			if log := mover.log.String(); strings.Count(log, "this host has another address") != 1 || !strings.Contains(log, "to=10.0.1.2:4327") {
				t.Errorf("the log does not tell of the new address once:\n%s", log)
			}
			if log := r.agents[2].log.String(); !strings.Contains(log, "member alive: name=m02 address=10.0.1.2:4327") {
				t.Errorf("the log of another does not tell of the new address:\n%s", log)
			}

			r.run("ip -n NS addr add 10.0.0.2/16 dev eth0", 2) // and back, by way of none
			r.run("ip -n NS addr del 10.0.1.2/17 dev eth0", 2)
			r.addressAt(mover, "10.0.0.2:4327")
			r.onlyDead(begin)
		})
	}
}

func TestGivenAddressThatIsGoneMakesTheAgentNotReady(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	victim := r.agents[2]
	ready := func() string {
		if err := victim.client.Ready(context.Background()); err != nil {
			return err.Error()
		}
		return ""
	}
	url := "unix://" + filepath.Join(r.dir, victim.name+".sock")
	victim.await(30*time.Second, "it is ready", func() bool { return ready() == "" })
	if d := diagnose(t, url); !d.has("address", "ok", "10.0.0.3:4327", "bound") {
		t.Errorf("in good health the doctor finds %+v", d.Findings)
	}

	r.run("ip -n NS addr del 10.0.0.3/16 dev eth0", 3)
	victim.await(20*time.Second, "it is not ready", func() bool {
		return strings.Contains(ready(), "this host has lost the address 10.0.0.3 that others are told")
	})
	if d := diagnose(t, url); !d.has("address", "FAIL", "lost the address 10.0.0.3", "--bind") || d.has("peer", "FAIL", "firewalls") {
		t.Errorf("without its address the doctor finds %+v", d.Findings)
	}

	r.run("ip -n NS addr add 10.0.0.3/16 dev eth0", 3)
	victim.await(20*time.Second, "it is ready again", func() bool { return ready() == "" })
	r.settle(matrixPatience, r.agents...)
	if log := victim.log.String(); strings.Count(log, "[WARN]  heartsay: advertised address is gone") != 1 {
		t.Errorf("the log does not warn once of the address:\n%s", log)
	}
}

func TestOnAHostWithDockersBridgeTheOtherAddressIsAdvertised(t *testing.T) {
	t.Parallel()
	h := newHosts(t, 1)
	h.run("ip -n NS link add docker0 type bridge", 1)
	h.run("ip -n NS addr add 172.17.0.1/16 dev docker0", 1)
	h.run("ip -n NS link set docker0 up", 1)
	h.run("ip -n NS addr del 10.0.0.1/16 dev eth0", 1)
	dir := clitest.SocketDir(t)
	prefix := []string{"ip", "netns", "exec", h.namespace(1)}
	p := startProcess(t, dir, "a", prefix, "--bind", "0.0.0.0", "--allow-plaintext")
	url := "unix://" + filepath.Join(dir, "a.sock")
	if d := diagnose(t, url); !d.has("address", "warn", "172.17.0.1:4327", "docker0", "--advertise") {
		t.Errorf("on a host that has docker0 alone the doctor finds %+v", d.Findings)
	}
	if !strings.Contains(p.log.String(), "advertised address may be wrong") {
		t.Errorf("the log does not tell of the bridge:\n%s", p.log)
	}

	h.run("ip -n NS addr add 203.0.113.7/24 dev eth0", 1) // the network comes up late
	p.await(30*time.Second, "it advertises the address that others reach", func() bool { return p.self().Address == "203.0.113.7:4327" })

	p.kill()
	p.start()
	if got := p.self(); got.Address != "203.0.113.7:4327" || !strings.Contains(got.AddressReason, "eth0") {
		t.Errorf("beside docker0 %s is advertised, because %s", got.Address, got.AddressReason)
	}
}
