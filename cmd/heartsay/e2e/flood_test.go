package e2e

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/ipv4"

	"heartsay/agent/keyring"
	"heartsay/agent/seal"
	"heartsay/api"
	"heartsay/cmd/heartsay/internal/clitest"
)

var (
	floodFor  = flag.Duration("flood", 0, "how long a real agent is flooded with garbage; see make flood")
	floodRate = flag.Int("flood.rate", 100_000, "packets a second of that flood")
)

// TestFlood floods one of four real agents with 100,000 packets a second, and prints what that costs it and what the
// others think of it. Part of the packets is noise; part begins like an envelope, names the key in use, and is forged,
// which is the dearest to refuse. Beside it goes what a member might send, to see how much of that still arrives.
func TestFlood(t *testing.T) {
	if *floodFor == 0 {
		t.Skip("takes a minute of both cores: make flood")
	}
	dir := clitest.SocketDir(t)
	key, id := makeKey(t, filepath.Join(dir, "key"))
	all := sealedLan(t, dir, key, "a", "b", "c", "d")
	time.Sleep(10 * time.Second) // let every detector see some arrivals
	target := all[0]
	self, err := target.client.Self(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	begun := map[string]uint64{}
	for _, p := range all {
		begun[p.name] = lastSeq(t, p)
	}
	friend := newFriend(t, key, self.Address)
	friend.send(t, 100)
	fmt.Printf("before: %d of 100 packets of a friend arrived, %d KiB resident, %s\n", friend.arrived(t, target),
		resident(t, target), countersOf(target))
	before, cpu, begin := friend.arrived(t, target), cpuTime(t, target), time.Now()
	flooded := make(chan float64)
	go func() { flooded <- pour(t, self.Address, forgedPacket(id), *floodFor, *floodRate) }()
	var series []int
	rate, friendly := 0.0, 0
	for rate == 0 {
		select {
		case rate = <-flooded:
		default:
			friendly += friend.send(t, 50)
			series = append(series, resident(t, target))
		}
	}
	took, spent := time.Since(begin), cpuTime(t, target)-cpu
	time.Sleep(5 * time.Second)
	arrived := friend.arrived(t, target) - before
	fmt.Printf("%.0f packets a second were sent for %s; %.0f %% of a core\n", rate, *floodFor, 100*spent.Seconds()/took.Seconds())
	fmt.Printf("of %d packets of a friend %d arrived: %.0f %%\n", friendly, arrived, 100*float64(arrived)/float64(friendly))
	fmt.Printf("KiB resident, each second: %v; %d now\n", series, resident(t, target))
	fmt.Printf("after: %s\n", countersOf(target))
	if rate < float64(*floodRate) {
		t.Errorf("%.0f packets a second were sent, want %d: the figures tell of a smaller flood", rate, *floodRate)
	}
	wantPlateau(t, series)
	for _, p := range all {
		for _, e := range eventsSince(t, p, begun[p.name]) {
			t.Errorf("%s saw: %s %s %s, want nothing to happen", p.name, e.Type, e.Member.Name, e.Reason)
		}
	}
}

// wantPlateau checks that memory rises at once if it does, and then no more. Its peaks are a matter of chance, so the
// highest of each half of the time may differ by a quarter, but not the middle.
func wantPlateau(t *testing.T, series []int) {
	t.Helper()
	if len(series) < 10 {
		t.Fatalf("there are %d seconds to look at, want at least 10", len(series))
	}
	early, late := series[:len(series)/2], series[len(series)/2:]
	was, is := slices.Max(early), slices.Max(late)
	fmt.Printf("first %d, median %d, last %d KiB; at most %d in the first half and %d in the second\n", series[0],
		median(series), series[len(series)-1], was, is)
	if is > was+was/4 || median(late) > median(early)+median(early)/16 {
		t.Errorf("memory was %d KiB in the middle and %d at most in the first half of the flood, %d and %d in the second: want it flat",
			median(early), was, median(late), is)
	}
}

func median(numbers []int) int { return slices.Sorted(slices.Values(numbers))[len(numbers)/2] }

// friend is somebody with the key at an address of its own. What it sends is opened like a member's, and then counted as
// a kind of message that nobody knows: so it is seen how much of what members send arrives.
type friend struct {
	conn   *net.UDPConn
	to     netip.AddrPort
	sealer *seal.Sealer
}

func newFriend(t *testing.T, key, address string) *friend {
	t.Helper()
	keys, err := keyring.Parse([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	f := &friend{conn, netip.MustParseAddrPort(address), seal.NewSealer("heartsay", keys, seal.NewBoot())}
	f.write(t, f.sealer.Ask(f.to, time.Now()))
	answer := make([]byte, 2048)
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, from, err := conn.ReadFromUDPAddrPort(answer)
	if err != nil {
		t.Fatalf("the agent does not answer a hello: %v", err)
	}
	if _, _, err := f.sealer.OpenPacket(answer[:n], from, time.Now()); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *friend) write(t *testing.T, packet []byte) {
	t.Helper()
	if _, err := f.conn.WriteToUDPAddrPort(packet, f.to); err != nil {
		t.Fatal(err)
	}
}

// send sends n packets within a second, and returns n.
func (f *friend) send(t *testing.T, n int) int {
	t.Helper()
	for range n {
		f.write(t, f.sealer.SealPacket(f.to, []byte{1, 99, 0x90}, time.Now()))
		time.Sleep(time.Second / time.Duration(n))
	}
	return n
}

// arrived returns how many of them an agent has opened.
func (f *friend) arrived(t *testing.T, p *process) int {
	t.Helper()
	self, err := p.client.Self(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return int(self.Counters["drop_kind"])
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

// forgedPacket returns what begins like a packet sealed with a key, of an agent's size.
func forgedPacket(keyID string) []byte {
	id, _ := strconv.ParseUint(keyID, 16, 32)
	packet := []byte(strings.Repeat("\xa5\x5a", 700))
	copy(packet, []byte{'h', 's', 1, 1, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)})
	return packet
}

// pour sends garbage at a rate for a time, every other packet forged, and returns how many packets went out in a second.
// Several send at once, and each makes up for the time in which it did not run.
func pour(t *testing.T, to string, forged []byte, d time.Duration, rate int) float64 {
	const senders = 4
	var sent atomic.Int64
	var all sync.WaitGroup
	begin := time.Now()
	for range senders {
		all.Go(func() { sent.Add(int64(pourSome(t, to, forged, d, rate/senders))) })
	}
	all.Wait()
	return float64(sent.Load()) / time.Since(begin).Seconds()
}

// pourSome is one sender of pour. It sends a little more than asked for, or the machine's other work would make it less,
// and returns how many packets it sent.
func pourSome(t *testing.T, to string, forged []byte, d time.Duration, rate int) (sent int) {
	const step, batch = time.Millisecond, 64
	c, err := net.Dial("udp", to)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer c.Close()
	out := ipv4.NewPacketConn(c.(*net.UDPConn))
	noise := []byte(strings.Repeat("\xa5\x5a", len(forged)/2))
	messages := make([]ipv4.Message, batch)
	for i := range messages {
		if messages[i].Buffers = [][]byte{noise}; i%2 == 0 {
			messages[i].Buffers = [][]byte{slices.Clone(forged)}
		}
	}
	for begin := time.Now(); time.Since(begin) < d; time.Sleep(step) {
		for due := int(1.02 * float64(rate) * time.Since(begin).Seconds()); sent < due; {
			for i := 0; i < batch; i += 2 {
				messages[i].Buffers[0][8+i%8]++ // another boot each time
			}
			n, err := out.WriteBatch(messages, 0)
			if err != nil {
				t.Error(err)
				return sent
			}
			sent += n
		}
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
	for e, err := range p.client.Events(ctx, api.EventsRequest{After: api.Cursor{Epoch: self.Epoch, Seq: after}}) {
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
