package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// hosts are network namespaces that stand for hosts on one switch, a bridge in a namespace of its own. Nothing outside
// of them is touched.
type hosts struct {
	t   *testing.T
	hub string
	n   int
}

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
	h := &hosts{t: t, hub: fmt.Sprintf("hs%d", os.Getpid()), n: n}
	t.Cleanup(h.remove)
	if out, err := exec.Command("ip", "netns", "add", h.hub).CombinedOutput(); err != nil {
		t.Skipf("network namespaces cannot be made here: %s", out)
	}
	h.run("ip -n HUB link add br0 type bridge")
	h.run("ip -n HUB link set br0 up")
	for i := 1; i <= n; i++ {
		h.run("ip netns add NS", i)
		h.run("ip -n HUB link add vI type veth peer name eth0 netns NS", i)
		h.run("ip -n HUB link set vI master br0 up", i)
		h.run("ip -n NS addr add 10.0.0.I/24 dev eth0", i)
		h.run("ip -n NS link set eth0 up", i)
		h.run("ip -n NS link set lo up", i)
	}
	return h
}

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

// cut lets nothing pass between the hosts given and the others.
func (h *hosts) cut(side ...int) {
	h.t.Helper()
	var in []string
	for _, i := range side {
		in = append(in, fmt.Sprintf("v%d", i))
	}
	set := "{ " + strings.Join(in, ", ") + " }"
	rules := "table bridge cut {\nchain forward {\ntype filter hook forward priority 0;\n" +
		"iifname " + set + " oifname != " + set + " drop\n" +
		"iifname != " + set + " oifname " + set + " drop\n}\n}\n"
	cmd := exec.Command("ip", "netns", "exec", h.hub, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("cut the bridge: %v: %s", err, out)
	}
}

func (h *hosts) heal() {
	h.t.Helper()
	h.run("ip netns exec HUB nft delete table bridge cut")
}

// agent starts an agent on the i-th host.
func (h *hosts) agent(dir string, i int, flags ...string) *process {
	h.t.Helper()
	prefix := []string{"ip", "netns", "exec", h.namespace(i)}
	flags = append([]string{"--bind", fmt.Sprintf("10.0.0.%d", i), "--allow-plaintext"}, flags...)
	return startProcess(h.t, dir, string(rune('a'+i-1)), prefix, flags...)
}

func TestR11FourHostsCutInTwoHealByThemselves(t *testing.T) {
	h := newHosts(t, 4)
	dir := socketDir(t)
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
