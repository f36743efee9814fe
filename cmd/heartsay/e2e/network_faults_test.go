package e2e

import (
	"fmt"
	"os/exec"
	"strings"
)

// Faults of the network are tables of nft rules at the bridge. Several may be in force; each is lifted by its name.

// impose puts rules in force. A rule says which frames that pass the bridge are dropped.
func (h *hosts) impose(name string, rules ...string) {
	h.t.Helper()
	if err := h.tryImpose(name, rules...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hosts) tryImpose(name string, rules ...string) error {
	table := "table bridge " + name + " {\nchain forward {\ntype filter hook forward priority 0;\n" +
		strings.Join(rules, "\n") + "\n}\n}\n"
	cmd := exec.Command("ip", "netns", "exec", h.hub, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(table)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("impose %s on the bridge: %w: %s", name, err, out)
	}
	return nil
}

// lift ends a fault.
func (h *hosts) lift(name string) {
	h.t.Helper()
	h.run("ip netns exec HUB nft delete table bridge " + name)
}

// ports returns the ports of hosts at the bridge, as nft writes a set.
func ports(hosts ...int) string {
	var names []string
	for _, i := range hosts {
		names = append(names, fmt.Sprintf("v%d", i))
	}
	return "{ " + strings.Join(names, ", ") + " }"
}

// cut lets nothing pass between the hosts given and the others, until heal.
func (h *hosts) cut(side ...int) {
	h.t.Helper()
	in := ports(side...)
	h.impose("cut", "iifname "+in+" oifname != "+in+" drop", "iifname != "+in+" oifname "+in+" drop")
}

func (h *hosts) heal() {
	h.t.Helper()
	h.lift("cut")
}

// Rules for [hosts.impose]. Those for one direction let ARP pass, without which the other one would end as well.

func mute(hosts ...int) string { return "iifname " + ports(hosts...) + " meta protocol ip drop" }
func deaf(hosts ...int) string { return "oifname " + ports(hosts...) + " meta protocol ip drop" }

// oneWay drops what one host sends to another.
func oneWay(from, to int) string {
	return "iifname " + ports(from) + " oifname " + ports(to) + " meta protocol ip drop"
}

// loss drops a share of the packets from and to hosts, in percent, each on its own.
func loss(percent int, hosts ...int) []string {
	drop := fmt.Sprintf(" meta protocol ip numgen random mod 100 < %d drop", percent)
	return []string{"iifname " + ports(hosts...) + drop, "oifname " + ports(hosts...) + drop}
}

// noUDP drops all UDP from and to hosts, as firewalls do that know only TCP.
func noUDP(hosts ...int) []string {
	return []string{"iifname " + ports(hosts...) + " meta l4proto udp drop",
		"oifname " + ports(hosts...) + " meta l4proto udp drop"}
}

// noTCP drops all streams.
func noTCP(hosts ...int) []string {
	return []string{"iifname " + ports(hosts...) + " meta l4proto tcp drop",
		"oifname " + ports(hosts...) + " meta l4proto tcp drop"}
}
