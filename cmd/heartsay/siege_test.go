package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"heartsay/api"
)

var (
	siege     = flag.Duration("siege", 0, "how long a real agent is flooded with garbage; see make siege")
	siegeRate = flag.Int("siege.rate", 100_000, "packets a second of that flood")
)

// TestSiege floods one of four real agents with 100,000 packets a second, and prints what that costs it and what the
// others think of it. Part of the packets is noise; part begins like an envelope, names the key in use, and is forged,
// which is the dearest to refuse.
func TestSiege(t *testing.T) {
	if *siege == 0 {
		t.Skip("takes a minute of both cores: make siege")
	}
	dir := socketDir(t)
	key, id := makeKey(t, filepath.Join(dir, "key"))
	all := sealedLan(t, dir, key, "a", "b", "c", "d")
	time.Sleep(10 * time.Second) // let every detector see some arrivals
	target := all[0]
	self, err := target.client.Self(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	begun := map[string]uint64{}
	for _, p := range all {
		begun[p.name] = lastSeq(t, p)
	}
	fmt.Printf("before: %d KiB resident, %s\n", resident(t, target), countersOf(target))
	cpu := cpuTime(t, target)
	most := 0
	sent := pour(t, self.Address, id, *siege, *siegeRate, func() { most = max(most, resident(t, target)) })
	spent := cpuTime(t, target) - cpu
	time.Sleep(5 * time.Second)
	fmt.Printf("sent %d packets in %s: %.0f a second\n", sent, *siege, float64(sent)/siege.Seconds())
	fmt.Printf("at most %d KiB resident, %d KiB now; %.0f %% of a core\n", most, resident(t, target),
		100*spent.Seconds()/siege.Seconds())
	fmt.Printf("after: %s\n", countersOf(target))
	for _, p := range all {
		for _, e := range eventsSince(t, p, begun[p.name]) {
			fmt.Printf("%s saw: %s %s %s\n", p.name, e.Type, e.Member.Name, e.Reason)
			if e.Member.Name == target.name && p != target {
				t.Errorf("%s saw a %s of the flooded agent: %s", p.name, e.Type, e.Reason)
			}
		}
	}
}

// sealedLan is sealedCluster at profile lan, without its logs.
func sealedLan(t *testing.T, dir, keys string, names ...string) []*process {
	t.Helper()
	var all []*process
	for i, name := range names {
		file := filepath.Join(dir, name+".key")
		if err := os.WriteFile(file, []byte(keys+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		flags := []string{"--bind", "127.0.0.1:0", "--key-file", file}
		if i > 0 {
			self, err := all[0].client.Self(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			flags = append(flags, "--join", self.Address)
		}
		all = append(all, startProcess(t, dir, name, nil, flags...))
	}
	for _, p := range all {
		p.await(20*time.Second, "all are alive", func() bool { return strings.Count(p.view(), "=alive") == len(names)-1 })
	}
	return all
}

// pour sends garbage at a rate for a time from eight sockets, and returns how many packets went out.
func pour(t *testing.T, to, keyID string, d time.Duration, rate int, look func()) (sent int) {
	t.Helper()
	var sockets []net.Conn
	for range 8 {
		c, err := net.Dial("udp", to)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		sockets = append(sockets, c)
	}
	noise := []byte(strings.Repeat("\xa5\x5a", 700))
	id, _ := strconv.ParseUint(keyID, 16, 32)
	forged := append([]byte{'h', 's', 1, 1, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}, noise[8:]...)
	const step = 5 * time.Millisecond
	begin := time.Now()
	for next, looked := begin, begin; time.Since(begin) < d; {
		next = next.Add(step)
		for range rate / int(time.Second/step) {
			packet := noise
			if sent%2 == 0 {
				packet = forged
				packet[8+sent%8]++ // another boot each time
			}
			if _, err := sockets[sent%len(sockets)].Write(packet); err == nil {
				sent++
			}
		}
		if time.Since(looked) > time.Second {
			look()
			looked = time.Now()
		}
		time.Sleep(time.Until(next))
	}
	return sent
}

func lastSeq(t *testing.T, p *process) uint64 {
	t.Helper()
	self, err := p.client.Self(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return self.LastSeq
}

// eventsSince returns the events of an agent after a number.
func eventsSince(t *testing.T, p *process, after uint64) (all []api.Event) {
	t.Helper()
	self, err := p.client.Self(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if self.LastSeq == after {
		return nil
	}
	for e, err := range p.client.Events(ctx, api.EventsRequest{After: fmt.Sprintf("%s:%d", self.Epoch, after)}) {
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, e); e.Seq >= self.LastSeq {
			break
		}
	}
	return all
}

// countersOf returns the counters of an agent that tell of drops and are not 0.
func countersOf(p *process) string {
	self, err := p.client.Self(context.Background())
	if err != nil {
		return err.Error()
	}
	var words []string
	for name, n := range self.Counters {
		if n > 0 && !strings.HasPrefix(name, "bytes_") {
			words = append(words, fmt.Sprintf("%s=%d", name, n))
		}
	}
	return strings.Join(words, " ")
}

// resident returns the memory of a process in KiB, proc(5).
func resident(t *testing.T, p *process) int {
	t.Helper()
	return procNumber(t, p, "status", "VmRSS:", 1)
}

// cpuTime returns the time that a process has computed, in user and system mode, proc(5).
func cpuTime(t *testing.T, p *process) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // 100 ticks a second
}

func procNumber(t *testing.T, p *process, file, line string, field int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, file))
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(b)) {
		if words := strings.Fields(l); len(words) > field && words[0] == line {
			n, _ := strconv.Atoi(words[field])
			return n
		}
	}
	t.Fatalf("no %s in %s", line, file)
	return 0
}
