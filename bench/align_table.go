package bench

import (
	"fmt"
	"strings"
)

func (b *results) alignTable() string {
	t := newTable("loss", "<made equal", "<to", "runs", "heartsay's interval", "heartsay: bytes/s", "p99", "false deaths", "memberlist: bytes/s",
		"p99", "<heartsay in shares of memberlist")
	for _, r := range b.aligned() {
		other := fmt.Sprintf("%.2f of its bytes", r.value("bytes")/r.value("peer_bytes"))
		if r.aim() == "bytes" {
			other = fmt.Sprintf("%.2f of its time", r.value("ten_p99")/r.value("peer_p99"))
		}
		t.add(r.loss(), r.aim(), r.peer(), fmt.Sprint(r.Seeds), fmt.Sprintf("%.0f ms", 1000*r.value("pace_s")), whole(r.value("bytes")),
			sec(r.value("ten_p99")), whole(r.value("false_dead")), whole(r.value("peer_bytes")), sec(r.value("peer_p99")), other)
	}
	return t.String()
}

func (b *results) aligned() []row { return ordered(b.find("align", 0, ""), "loss", "by_bytes") }

// aim says what an alignment made equal, and peer to whom.
func (r row) aim() string {
	if r.Case["by_bytes"] == 1 {
		return "bytes"
	}
	return "detection"
}

func (r row) peer() string { return strings.TrimPrefix(r.System, heartsayAt(0).name+" to ") }

// alignFlags are the commands that give an agent the configurations of the alignments.
func (b *results) alignFlags() string {
	var lines strings.Builder
	for _, r := range b.aligned() {
		fmt.Fprintf(&lines, "heartsay agent %s # %s of %s, %s\n", heartsayAt(seconds(r.value("pace_s"))).flags(), r.aim(), r.peer(), r.lossWords())
	}
	return lines.String()
}
