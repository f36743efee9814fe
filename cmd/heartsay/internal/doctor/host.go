package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent"
	"heartsay/agent/addr"
	"heartsay/agent/transport"
	"heartsay/api"
)

// checkPort looks whether the gossip port can be had, when no agent holds it.
func (d *doctor) checkPort() {
	if d.self != nil {
		d.ok("port", "gossip on %s, advertised as %s", d.self.Bind, d.self.Address)
		return
	}
	bind := d.asked.Config.Bind
	if !bind.IsValid() {
		return // checkConfig told
	}
	port, err := transport.Listen(bind, hclog.NewNullLogger())
	if err != nil {
		d.fail("port", "", "%v%s", err, holders(bind))
		return
	}
	if err := port.Close(); err != nil {
		d.warn("port", "", "close %s: %v", bind, err)
		return
	}
	d.ok("port", "%s is free, UDP and TCP", bind)
}

// checkAddress looks whether others can reach the agent at the address that they are told.
func (d *doctor) checkAddress() {
	const todo = "give the host its address again, or restart the agent with another --bind or --advertise"
	if d.self == nil {
		d.checkChoice()
		return
	}
	switch s := d.self; {
	case s.AddressFault != "":
		d.unreachable = true
		d.fail("address", todo, "%s: %s", s.Address, s.AddressFault)
	case s.AddressDoubt != "":
		d.warn("address", "", "others are told %s: %s; %s", s.Address, s.AddressReason, s.AddressDoubt)
	case s.AddressReason != "":
		d.ok("address", "others are told %s: %s", s.Address, s.AddressReason)
	}
}

// checkChoice looks at which address an agent would let others be told.
func (d *doctor) checkChoice() {
	cfg := d.asked.Config
	if !cfg.Bind.IsValid() || cfg.Bind.Port() == 0 && !cfg.Advertise.IsValid() {
		return
	}
	a, err := addr.Advertise(cfg.Advertise, cfg.Bind, addr.Look(cfg.Join))
	switch {
	case err != nil:
		d.fail("address", "", "%v", err)
	case a.Doubt != "":
		d.warn("address", "", "others would be told %s: %s; %s", a.Address, a.Reason, a.Doubt)
	default:
		d.ok("address", "others would be told %s: %s", a.Address, a.Reason)
	}
}

// blame returns what to do about others who do not answer: nothing in between is to blame while this host lacks the address
// that they are told.
func (d *doctor) blame(todo string) string {
	if d.unreachable {
		return "see to the address of this host first"
	}
	return todo
}

// checkSocket looks whether an agent could serve its API, when none answers.
func (d *doctor) checkSocket() {
	path, err := api.SocketPath(d.call.String("api"))
	if d.self != nil || err != nil {
		return
	}
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
		d.ok("socket", "%s is free; its folder is made when an agent starts", path)
		return
	}
	if err := agent.CheckSocket(path); err != nil {
		d.fail("socket", "", "%v", err)
		return
	}
	d.ok("socket", "%s is free", path)
}

// Open files that an agent may need: 64 streams of others and as many of its own, programs that follow its events, and
// its own sockets and files.
const (
	leastFiles = 256
	plainFiles = 1024
)

// checkDescriptors looks at how many files the agent may open.
func (d *doctor) checkDescriptors() {
	limit, whose := uint64(0), "a program started here"
	var own syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &own); err == nil {
		limit = uint64(own.Cur) // an int64 on some systems
	}
	open := 0
	if d.self != nil {
		if n, ok := filesLimit(d.self.PID); ok {
			limit, whose = n, "the agent"
		}
		entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.self.PID))
		open = len(entries)
	}
	const todo = "raise it with ulimit -n, or LimitNOFILE= of systemd"
	switch {
	case limit == 0:
		d.warn("files", "", "the limit of open files is not known")
	case limit < leastFiles, open > 0 && uint64(open) > limit*9/10:
		d.fail("files", todo, "%s may open %d files, of which %d are open", whose, limit, open)
	case limit < plainFiles:
		d.warn("files", todo, "%s may open %d files only", whose, limit)
	default:
		d.ok("files", "%s may open %d files", whose, limit)
	}
}

// filesLimit returns how many files a process may open, as Linux tells.
func filesLimit(pid int) (n uint64, ok bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		return 0, false
	}
	_, rest, found := strings.Cut(string(b), "Max open files")
	if !found {
		return 0, false
	}
	_, err = fmt.Sscan(rest, &n)
	return n, err == nil
}

// checkState looks whether the agent can keep its state.
func (d *doctor) checkState() {
	dir := d.asked.Config.StateDir
	if d.self != nil {
		dir = filepath.Dir(d.self.StateFile)
		if d.self.StateFile == "" {
			dir = ""
		}
	}
	const todo = "give another --state-dir, or let the agent's user write there"
	info, err := os.Stat(dir)
	switch {
	case dir == "":
		d.warn("state", "give it a --state-dir", "nothing is kept: after a restart the agent finds the others by its seeds alone")
		return
	case errors.Is(err, fs.ErrNotExist) && d.self == nil:
		d.ok("state", "%s is made when the agent starts", dir)
		return
	case err != nil:
		d.fail("state", todo, "%v", err)
		return
	case !info.IsDir():
		d.fail("state", todo, "%s is not a folder", dir)
		return
	}
	if err := agent.CheckFolder(dir); err != nil && d.self == nil { // a running agent may be another user's, and says it itself
		d.fail("state", "the agent keeps nothing there", "%v", err)
		return
	}
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		d.fail("state", todo, "%v", err)
		return
	}
	_, err = f.Write(make([]byte, 64<<10))
	if err = errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		d.fail("state", todo, "%v", err)
		return
	}
	d.ok("state", "%s can be written by this user", dir)
}

// checkSeeds looks whether the seeds resolve and whether they answered the agent.
func (d *doctor) checkSeeds() {
	var seeds []api.Seed
	for _, s := range d.asked.Config.Join {
		seeds = append(seeds, api.Seed{Address: s})
	}
	alone := false
	if d.self != nil {
		seeds = d.self.Seeds
		alone = d.self.States[api.Alive]+d.self.States[api.Suspect] < 2
	}
	if len(seeds) == 0 && (d.self == nil || alone) {
		d.warn("seeds", "name some with --join, unless this agent is the first", "no seed is given")
	}
	for _, s := range seeds {
		d.checkSeed(s, alone)
	}
}

func (d *doctor) checkSeed(s api.Seed, alone bool) {
	parsed, err := addr.ParseSeed(s.Address)
	if err != nil {
		return // checkConfig told
	}
	addresses, err := parsed.Resolve(d.ctx, net.DefaultResolver)
	switch {
	case err != nil:
		d.fail("seed", "correct the name, or the host's resolver", "%v", err)
	case s.LastError != "" && !s.Joined && alone:
		d.fail("seed", d.blame(seedTodo(s.LastError)), "%s did not let this agent in, and the agent knows no other member: %s", s.Address, lastCause(s.LastError))
	case s.LastError != "" && !s.Joined:
		d.warn("seed", d.blame(seedTodo(s.LastError)), "%s did not answer last: %s", s.Address, lastCause(s.LastError))
	default:
		d.ok("seed", "%s", seedWords(s.Address, addresses))
	}
}

// seedWords returns a seed and the addresses that its name has, for people.
func seedWords(seed string, addresses []netip.AddrPort) string {
	var words []string
	for _, a := range addresses {
		words = append(words, a.String())
	}
	if has := strings.Join(words, ", "); has != seed {
		return seed + " is " + has
	}
	return seed + " is an address"
}

// seedTodo returns what to do about a seed that failed with this text.
func seedTodo(text string) string {
	for _, known := range []struct{ in, todo string }{
		{"it is for the cluster", "correct --cluster or --join of one of the two"},
		{"connection refused", "start the agent there, or correct the address"},
		{"no route", "look at the network between"},
		{"i/o timeout", "let UDP and TCP pass the firewalls between"},
		{"is it a heartsay agent", "correct the address"},
	} {
		if strings.Contains(text, known.in) {
			return known.todo
		}
	}
	return ""
}
