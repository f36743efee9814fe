package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/clitest"
)

// hosts are network namespaces that stand for hosts on one switch, a bridge in a namespace of its own. Nothing outside
// of them is touched.
type hosts struct {
	t   *testing.T
	hub string
	n   int
}

// hubs counts the bridges, so that tests can run side by side.
var hubs atomic.Int64

// newHosts makes n hosts, 10.0.0.1 and up. It skips the test where that is not possible.
func newHosts(t *testing.T, n int) *hosts {
	t.Helper()
	for _, tool := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s: install iproute2 and nftables", tool)
		}
	}
	if os.Getuid() != 0 {
		t.Skip("needs root, to make network namespaces")
	}
	h := &hosts{t: t, hub: fmt.Sprintf("hs%dx%d", os.Getpid(), hubs.Add(1)), n: n}
	t.Cleanup(h.remove)
	if out, err := exec.Command("ip", "netns", "add", h.hub).CombinedOutput(); err != nil {
		t.Skipf("network namespaces cannot be made here: %s", out)
	}
	h.run("ip -n HUB link add br0 type bridge")
	h.run("ip -n HUB link set br0 up")
	for i := 1; i <= n; i++ {
		h.run("ip netns add NS", i)
		h.run(fmt.Sprintf("ip -n HUB link add vI type veth peer name eth0 netns NS address %s", hardware(i)), i)
		h.run("ip -n HUB link set vI master br0 up", i)
		h.inform(i)
	}
	return h
}

// inform gives the i-th host its address, and tells it the hardware addresses of all others: the kernel keeps no more
// than about a thousand that it learned by itself, all namespaces together.
func (h *hosts) inform(i int) {
	lines := []string{fmt.Sprintf("addr add 10.0.0.%d/16 dev eth0", i), "link set eth0 up", "link set lo up"}
	for j := 1; j <= h.n; j++ {
		for _, net := range []int{0, 1} { // 10.0.1.j is where a host may move to
			lines = append(lines, fmt.Sprintf("neigh add 10.0.%d.%d lladdr %s nud permanent dev eth0", net, j, hardware(j)))
		}
	}
	cmd := exec.Command("ip", "-n", h.namespace(i), "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n"))
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("set up host %d: %v: %s", i, err, out)
	}
}

func hardware(i int) string { return fmt.Sprintf("02:00:00:00:00:%02x", i) }

func (h *hosts) remove() {
	for i := 0; i <= h.n; i++ {
		name := h.hub
		if i > 0 {
			name = h.namespace(i)
		}
		_ = exec.Command("ip", "netns", "del", name).Run()
	}
}

func (h *hosts) namespace(i int) string { return fmt.Sprintf("%sn%d", h.hub, i) }

// run runs a command in which HUB, NS and I stand for the hub, the i-th namespace and its number.
func (h *hosts) run(command string, i ...int) {
	h.t.Helper()
	command = strings.ReplaceAll(command, "HUB", h.hub)
	if len(i) > 0 {
		command = strings.ReplaceAll(command, "NS", h.namespace(i[0]))
		command = strings.ReplaceAll(command, "I", fmt.Sprint(i[0]))
	}
	words := strings.Fields(command)
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		h.t.Fatalf("%s: %v: %s", command, err, out)
	}
}

// agent starts an agent on the i-th host.
func (h *hosts) agent(dir string, i int, flags ...string) *process {
	h.t.Helper()
	prefix := []string{"ip", "netns", "exec", h.namespace(i)}
	flags = append([]string{"--bind", fmt.Sprintf("10.0.0.%d", i), "--allow-plaintext"}, flags...)
	return startProcess(h.t, dir, string(rune('a'+i-1)), prefix, flags...)
}

// R11.
func TestFourHostsCutInTwoHealByThemselves(t *testing.T) {
	t.Parallel()
	h := newHosts(t, 4)
	dir := clitest.SocketDir(t)
	a := h.agent(dir, 1)
	b := h.agent(dir, 2, "--join", "10.0.0.1")
	c := h.agent(dir, 3, "--join", "10.0.0.1")
	d := h.agent(dir, 4, "--join", "10.0.0.1")
	allAlive := func() {
		t.Helper()
		a.sees(20*time.Second, "b=alive c=alive d=alive")
		b.sees(20*time.Second, "a=alive c=alive d=alive")
		c.sees(20*time.Second, "a=alive b=alive d=alive")
		d.sees(20*time.Second, "a=alive b=alive c=alive")
	}
	allAlive()

	h.cut(1, 2)
	a.sees(30*time.Second, "b=alive c=dead d=dead")
	b.sees(30*time.Second, "a=alive c=dead d=dead")
	c.sees(30*time.Second, "a=dead b=dead d=alive")
	d.sees(30*time.Second, "a=dead b=dead c=alive")

	h.heal()
	allAlive()
}

// drop lets nothing pass between hosts that matches a rule of nft, until heal.
func (h *hosts) drop(match string) {
	h.t.Helper()
	cmd := exec.Command("ip", "netns", "exec", h.hub, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader("table bridge cut {\nchain forward {\ntype filter hook forward priority 0;\n" + match + " drop\n}\n}\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("drop %s: %v: %s", match, err, out)
	}
}
