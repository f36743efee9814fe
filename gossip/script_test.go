package gossip_test

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// TestScripts runs testdata/protocol, which reads as documentation of the protocol. Run it with -rewrite after a change
// of behaviour, and read the difference.
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "protocol", "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			s := &script{cluster: newCluster(t, 1, scriptDefaults), lives: map[string][]uint64{}}
			s.OnMessage = s.message
			datadriven.RunTest(t, path, s.run)
		})
	}
}

// scriptDefaults has round numbers: links of just a millisecond.
func scriptDefaults(cfg *sim.Config) { cfg.Network = sim.Network{Latency: time.Millisecond} }

// script is a cluster that a script drives. Members have names of one letter; a, the first one, is everybody's seed.
type script struct {
	*cluster
	trace   bool
	log     strings.Builder
	lives   map[string][]uint64 // the incarnations of a name, in the order in which they were first seen
	skipped int                 // events that were told already
}

// commands are what scripts are made of.
//
//	add-nodes n=3               starts the next n members, an eighth of an interval apart; all but a join by a
//	run 2s                      lets time pass
//	members at=a [of=b,c]       how a sees them: name, state, which life, and what is unusual
//	events [of=c]               what happened since the last time: who saw it when
//	quiet                       what happened so far needs not be told
//	expect c dead within=5s     lets time pass until all others see c so; tells how long it took
//	        [at=a,b]            ... or until these do
//	trace on|off                from now on, run shows each message
//	crash c, leave c, freeze c, thaw c, block c, unblock c
//	restart c [address=9] [joins=b|no] [as=process]   a new life, maybe elsewhere, maybe beside the old one
//	tags c k=v                  c changes its tags
//	forget c at=a [force]
//	partition a,b c,d           cuts the links between the two sides, both ways
//	sever from=a to=b           cuts one link, one way
//	heal                        all links work again
//	lose from=a to=b n=1        loses the next n packets
//	loss 0.3                    loses so many of all packets
//	processes                   who runs, and who was refused or gave way
func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	s.t = t
	s.log.Reset()
	if f, ok := simple[d.Cmd]; ok {
		for _, name := range words(d) {
			f(s, name)
		}
		return s.said()
	}
	switch d.Cmd {
	case "add-nodes":
		return s.addNodes(number(t, d, "n"))
	case "run":
		s.Run(duration(t, words(d)[0]))
		if s.log.Len() == 0 {
			return "at " + clock(s.Now()) + "\n"
		}
	case "members":
		return s.members(value(d, "at"), list(d, "of"))
	case "events":
		return s.events(list(d, "of"))
	case "quiet":
		s.skipped = len(s.seen)
	case "expect":
		return s.expect(words(d)[0], words(d)[1], duration(t, value(d, "within")), list(d, "at"))
	case "trace":
		s.trace = words(d)[0] == "on"
	case "restart":
		return s.restartAs(words(d)[0], value(d, "address"), value(d, "joins"), value(d, "as"))
	case "tags":
		return s.tags(words(d)[0], d)
	case "forget":
		return s.forget(words(d)[0], value(d, "at"), slices.Contains(words(d), "force"))
	case "partition":
		var sides [][]netip.AddrPort
		for _, side := range words(d) {
			sides = append(sides, addresses(strings.Split(side, ",")...))
		}
		s.Network.Partition(sides...)
	case "sever":
		s.Network.Sever(address(value(d, "from")), address(value(d, "to")))
	case "heal":
		s.Network.Heal()
	case "lose":
		s.Network.LoseNext(address(value(d, "from")), address(value(d, "to")), number(t, d, "n"))
	case "loss":
		share, err := strconv.ParseFloat(words(d)[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		s.Network.Loss = share
	case "processes":
		return s.processes()
	default:
		t.Fatalf("%s: there is no command %s", d.Pos, d.Cmd)
	}
	return s.said()
}

// simple are the commands that take names, and do one thing to each.
var simple = map[string]func(s *script, name string){
	"crash":   func(s *script, name string) { s.Crash(name) },
	"leave":   func(s *script, name string) { s.Leave(name) },
	"freeze":  func(s *script, name string) { s.Freeze(name) },
	"thaw":    func(s *script, name string) { s.Thaw(name) },
	"block":   func(s *script, name string) { s.Block(name) },
	"unblock": func(s *script, name string) { s.Unblock(name) },
}

// said returns the messages since the command began.
func (s *script) said() string {
	if s.log.Len() > 0 {
		return s.log.String()
	}
	return "ok\n"
}

func (s *script) addNodes(n int) string {
	for range n {
		name := string(rune('a' + len(s.Members())))
		if name == "a" {
			s.restart(name)
		} else {
			s.restart(name, address("a"))
		}
		s.name(s.Member(name).Engine.Self().Record)
		s.Run(interval / 8)
	}
	return s.said()
}

func (s *script) restartAs(name, host, joins, process string) string {
	at, seeds := address(name), []netip.AddrPort{address("a")}
	if host != "" {
		n, err := strconv.Atoi(host)
		if err != nil {
			s.t.Fatal(err)
		}
		at = sim.Address(n)
	}
	if joins == "no" {
		seeds = nil
	} else if joins != "" {
		seeds = addresses(joins)
	}
	if process == "" {
		process = name
	}
	r := s.life(name, at, 0)
	if m := s.Member(process); m != nil && m.Engine != nil {
		r.Incarnation = max(r.Incarnation, m.Engine.Self().Record.Incarnation+1)
	}
	s.name(&r)
	s.startAs(process, r, seeds...)
	return s.said()
}

func (s *script) tags(name string, d *datadriven.TestData) string {
	m := map[string]string{}
	for _, arg := range d.CmdArgs[1:] {
		m[arg.Key] = arg.FirstVal(s.t)
	}
	if err := s.SetTags(name, membership.NewTags(m)); err != nil {
		return err.Error() + "\n"
	}
	return s.said()
}

func (s *script) forget(name, observer string, force bool) string {
	forgotten, err := s.Forget(observer, name, force)
	switch {
	case err != nil:
		return err.Error() + "\n"
	case !forgotten:
		return "was forgotten already\n"
	}
	return "forgotten\n"
}

func (s *script) members(observer string, only []string) string {
	var out strings.Builder
	for _, v := range s.Member(observer).Engine.Snapshot(s.Clock()) {
		if len(only) > 0 && !slices.Contains(only, v.Record.Name) {
			continue
		}
		fmt.Fprintf(&out, "%s %-7s", s.name(v.Record), v.State)
		if v.Record.Address != address(v.Record.Name) {
			fmt.Fprintf(&out, " at %s", v.Record.Address.Addr())
		}
		for _, tag := range v.Record.Tags {
			fmt.Fprintf(&out, " %s=%s", tag.Key, tag.Value)
		}
		out.WriteString("\n")
	}
	return trimLines(out.String())
}

// name returns a member's name, with which life it is unless it is the first.
func (s *script) name(r *membership.Record) string {
	lives := s.lives[r.Name]
	i := slices.Index(lives, r.Incarnation)
	if i < 0 {
		i = len(lives)
		s.lives[r.Name] = append(lives, r.Incarnation)
	}
	if i == 0 {
		return r.Name
	}
	return fmt.Sprintf("%s(life %d)", r.Name, i+1)
}

// events tells what happened since the last time, with those who saw the same in one line.
func (s *script) events(only []string) string {
	type group struct{ what, who string }
	var groups []*group
	for _, e := range s.seen[s.skipped:] {
		what := s.name(e.Member.Record) + " " + e.Type.String()
		if len(only) > 0 && !slices.Contains(only, e.Member.Record.Name) {
			continue
		}
		who := e.observer + " " + clock(e.at)
		i := slices.IndexFunc(groups, func(g *group) bool { return g.what == what })
		if i >= 0 {
			groups[i].who += ", " + who
		} else {
			groups = append(groups, &group{what, who})
		}
	}
	s.skipped = len(s.seen)
	var out strings.Builder
	for _, g := range groups {
		fmt.Fprintf(&out, "%s: %s\n", g.what, g.who)
	}
	if out.Len() == 0 {
		return "nothing\n"
	}
	return out.String()
}

func (s *script) expect(name, state string, within time.Duration, observers []string) string {
	began := s.Now()
	done := func() bool {
		for _, m := range s.Running() {
			asked := len(observers) == 0 && m.Name != name || slices.Contains(observers, m.Name)
			if asked && s.state(m.Name, name) != state {
				return false
			}
		}
		return true
	}
	if !s.RunUntil(within, interval/10, done) {
		return fmt.Sprintf("not within %s: %s\n", within, s.views(name))
	}
	return fmt.Sprintf("after %s\n", clock(s.Now()-began))
}

func (s *script) processes() string {
	var out strings.Builder
	for _, m := range s.Members() {
		switch {
		case m.Engine != nil:
			fmt.Fprintf(&out, "%s runs\n", m.Name)
		case m.Deposed:
			fmt.Fprintf(&out, "%s gave way\n", m.Name)
		case m.Refused != "":
			fmt.Fprintf(&out, "%s was refused: %s holds the name\n", m.Name, m.Refused)
		default:
			fmt.Fprintf(&out, "%s does not run\n", m.Name)
		}
	}
	return out.String()
}

// message writes one line about a message, if it is traced.
func (s *script) message(at time.Duration, from, to netip.AddrPort, m wire.Message, arrives bool) {
	if !s.trace {
		return
	}
	lost := ""
	if !arrives {
		lost = " - lost"
	}
	fmt.Fprintf(&s.log, "%s %s -> %s  %s%s\n", clock(at), s.at(from), s.at(to), s.describe(m), lost)
}

// at returns who lives at an address.
func (s *script) at(a netip.AddrPort) string {
	for _, m := range s.Members() {
		if m.Address == a {
			return m.Name
		}
	}
	return a.Addr().String()
}

func (s *script) describe(m wire.Message) string {
	switch m := m.(type) {
	case *wire.Digest:
		return fmt.Sprintf("digest of %d members", gossip.MembersOf(m))
	case *wire.Delta:
		return s.describeDelta(m)
	case *wire.Ping:
		return "ping" + s.records(m.News)
	case *wire.Pong:
		return "pong"
	case *wire.Sync:
		what := "sync"
		if m.Join {
			what = "sync, asks to join"
		}
		return what + s.records(m.Entries)
	case *wire.Refused:
		return "refused: " + m.Holder + " holds the name"
	}
	return fmt.Sprintf("%T", m)
}

func (s *script) describeDelta(d *wire.Delta) string {
	var parts []string
	add := func(n int, format string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf(format, n))
		}
	}
	newer, listed := gossip.HeartbeatsOf(d)
	add(newer, "newer heartbeats of %d")
	add(listed, "lists %d, which differ")
	add(len(d.Fingerprints), "asks for %d by fingerprint")
	if len(d.Wants) > 0 {
		parts = append(parts, "asks for "+strings.Join(d.Wants, " "))
	}
	if d.More {
		parts = append(parts, "has more")
	}
	what := "delta"
	if len(parts) > 0 {
		what += ": " + strings.Join(parts, ", ")
	}
	if len(parts)+len(d.Entries) == 0 {
		what += ": nothing newer"
	}
	return what + s.records(d.Entries)
}

func (s *script) records(entries []membership.Entry) string {
	if len(entries) == 0 {
		return ""
	}
	out := ", records"
	for _, e := range entries {
		out += " " + s.name(e.Record)
		if e.Record.Leaving {
			out += "(leaving)"
		}
	}
	return out
}

func clock(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }

func trimLines(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return out.String()
}

// words returns the arguments without a value.
func words(d *datadriven.TestData) []string {
	var out []string
	for _, a := range d.CmdArgs {
		if len(a.Vals) == 0 {
			out = append(out, a.Key)
		}
	}
	return out
}

// value returns the value of an argument, "" when it is not there.
func value(d *datadriven.TestData, key string) string {
	for _, a := range d.CmdArgs {
		if a.Key == key && len(a.Vals) > 0 {
			return strings.Join(a.Vals, ",")
		}
	}
	return ""
}

func list(d *datadriven.TestData, key string) []string {
	if v := value(d, key); v != "" {
		return strings.Split(v, ",")
	}
	return nil
}

func number(t *testing.T, d *datadriven.TestData, key string) int {
	n, err := strconv.Atoi(value(d, key))
	if err != nil {
		t.Fatalf("%s: %s: %v", d.Pos, key, err)
	}
	return n
}

func duration(t *testing.T, s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
