package node

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"heartsay/agent/addr"
	"heartsay/gossip"
	"heartsay/membership"
	"heartsay/phi"
)

// Config is how one node runs. Start from [DefaultNodeConfig]; a zero NodeConfig is not valid.
type Config struct {
	Name      string            // this member's name, see membership.ValidateName
	Cluster   string            // only members with the same cluster name talk to each other; same alphabet as Name
	Advertise netip.AddrPort    // gossip address that others are told; zero: where the transport listens
	Join      []string          // seeds: ip[:port], [v6]:port or name[:port]
	Zone      string            // failure domain, told to others; may be ""
	Tags      map[string]string // labels, told to others
	Build     string            // version of the program, told to others

	Interval     time.Duration // time between two heartbeats
	Fanout       int           // peers that a round exchanges with, ≥ 1
	DigestBudget int           // bytes of heartbeats that a digest tells at most, ≥ 64; 0: 256
	Detector     string        // see phi.ByName
	Suspect      Threshold     // when a silent member becomes suspect
	Dead         Threshold     // when a silent member becomes dead
	RetainDead   time.Duration // how long dead members stay in the list, 10 s to a year; 0: 24 h
	RetainLeft   time.Duration // how long members that left stay in the list, 10 s to a year; 0: 10 min
	MaxPacket    int           // bytes of one packet at most, with the envelope, without IP and UDP headers

	RequireState bool // do not start when what was saved cannot be read, or nothing can be saved
}

// Threshold is where suspicion turns into a verdict: at Phi, but at no shorter a silence than Min and no longer a
// one than Max.
type Threshold = gossip.Threshold

// Profiles returns the names that [DefaultNodeConfig] takes.
func Profiles() []string { return []string{"local", "lan", "wan"} }

// DefaultConfig returns the configuration of a profile without a name: "local" for many members on one host, "lan"
// for one data centre, "wan" for links between continents.
func DefaultConfig(profile string) (Config, error) {
	usual := gossip.DefaultConfig()
	c := Config{
		Cluster: "heartsay", Fanout: 1, Detector: "measured", MaxPacket: 1400,
		RetainDead: usual.DeadRetention, RetainLeft: usual.LeftRetention,
	}
	c.Suspect.Phi, c.Dead.Phi = 8, 12
	switch profile {
	case "local":
		c.Interval = 100 * time.Millisecond
		c.Suspect.Min, c.Suspect.Max = time.Second, 5*time.Second
		c.Dead.Min, c.Dead.Max = 1500*time.Millisecond, 10*time.Second
	case "lan":
		c.Interval = 500 * time.Millisecond
		c.Suspect.Min, c.Suspect.Max = 2*time.Second, 10*time.Second
		c.Dead.Min, c.Dead.Max = 2750*time.Millisecond, 20*time.Second
	case "wan":
		c.Interval = time.Second
		c.Suspect.Min, c.Suspect.Max = 5*time.Second, 40*time.Second
		c.Dead.Min, c.Dead.Max = 8*time.Second, 80*time.Second
	default:
		return Config{}, fmt.Errorf("profile %q is not known: choose one of %v", profile, Profiles())
	}
	return c, nil
}

// Validate returns all that is wrong with c, joined, or nil, for packets of which an envelope takes so many bytes. It
// changes nothing and opens nothing.
func (c *Config) Validate(overhead int) error {
	var faults []error
	if err := membership.ValidateName(c.Cluster); err != nil {
		faults = append(faults, fmt.Errorf("cluster %w", err))
	}
	r := c.record(1)
	if !r.Address.IsValid() {
		r.Address = anyAddress
	}
	r.Version = 1
	faults = append(faults, r.Validate(), c.patience(), retention("dead", c.RetainDead), retention("left", c.RetainLeft))
	for _, s := range c.Join {
		if _, err := addr.ParseSeed(s); err != nil {
			faults = append(faults, err)
		}
	}
	if _, err := phi.ByName(c.Detector); err != nil {
		faults = append(faults, err)
	} else if membership.ValidateName(c.Cluster) == nil { // or there is no envelope
		faults = append(faults, c.engine(overhead).Validate())
	}
	return errors.Join(faults...)
}

// patience returns an error when the longest time-outs are too short for the interval: heartbeats take a few intervals
// to get around, so the living would be declared dead.
func (c *Config) patience() error {
	if least := 10 * c.Interval; c.Dead.Max < least || c.Suspect.Max < least/2 {
		return fmt.Errorf("interval %s is too long for time-outs of %s (suspect) and %s (dead) at most: at least %s and %s "+
			"are needed; raise --suspect-max and --dead-max, or choose another --profile",
			c.Interval, c.Suspect.Max, c.Dead.Max, least/2, least)
	}
	return nil
}

// The bounds of a retention. News that a member died or left is all over any cluster in 10 s.
const (
	minRetention = 10 * time.Second
	maxRetention = 365 * 24 * time.Hour
)

// retention returns an error when a member of that state could not stay in the list for so long, or nil.
func retention(state string, d time.Duration) error {
	if d != 0 && (d < minRetention || d > maxRetention) {
		return fmt.Errorf("retain-%s is %s: %s to %s are allowed", state, d, minRetention, maxRetention)
	}
	return nil
}

// record returns what the member says of itself at its start.
func (c *Config) record(incarnation uint64) membership.Record {
	return membership.Record{
		Name: c.Name, Incarnation: incarnation, Address: c.Advertise, Interval: c.Interval,
		Zone: c.Zone, Build: c.Build, Tags: membership.NewTags(c.Tags),
	}
}

// engine returns the configuration of the engine, whose packets leave room for the envelope.
func (c *Config) engine(overhead int) gossip.Config {
	g := gossip.DefaultConfig()
	g.Fanout, g.Budget = c.Fanout, c.DigestBudget
	g.MaxPayload = c.MaxPacket - overhead
	g.Suspect, g.Dead = c.Suspect, c.Dead
	g.DeadRetention = cmp.Or(c.RetainDead, g.DeadRetention)
	g.LeftRetention = cmp.Or(c.RetainLeft, g.LeftRetention)
	g.DeadGrace, g.LeftGrace = min(g.DeadGrace, g.DeadRetention), min(g.LeftGrace, g.LeftRetention)
	g.TombstoneRetention = max(g.TombstoneRetention, 2*(max(g.DeadRetention, g.LeftRetention)+max(g.DeadGrace, g.LeftGrace)))
	if detector, err := phi.ByName(c.Detector); err == nil {
		g.Detector = detector
	}
	return g
}

// anyAddress stands for the address that is only known when the socket is open.
var anyAddress = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), addr.DefaultPort)
