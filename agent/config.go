package agent

import (
	"fmt"
	"heartsay/agent/addr"
	"net/netip"
	"time"

	"heartsay/agent/handlers"
)

// Config is how one agent runs. Start from [DefaultConfig]; a zero Config is not valid.
type Config struct {
	Name      string            // this member's name, see membership.ValidateName
	Cluster   string            // only agents with the same cluster name talk to each other; same alphabet as Name
	Bind      netip.AddrPort    // gossip address to listen on, for packets and streams; port 0 picks a free one
	Advertise netip.AddrPort    // gossip address that others are told; zero: Bind, or the host's own address
	Join      []string          // seeds: ip[:port], [v6]:port or name[:port]
	API       string            // where the local API is served, unix:///path
	StateDir  string            // folder of the state file; "": nothing is kept over a restart
	Zone      string            // failure domain, told to others; may be ""
	Tags      map[string]string // labels, told to others
	Build     string            // version of this program, told to others

	Profile      string        // the profile that the values below came from
	Interval     time.Duration // time between two heartbeats
	Fanout       int           // peers that a round exchanges with, ≥ 1
	DigestBudget int           // bytes of heartbeats that a digest tells at most, ≥ 64; 0: 256
	Detector     string        // see phi.ByName
	Suspect      Threshold     // when a silent member becomes suspect
	Dead         Threshold     // when a silent member becomes dead
	MaxPacket    int           // bytes of one packet at most, with the envelope, without IP and UDP headers

	// What follows is opened by [Run], not by [Start].
	Metrics   netip.AddrPort // serve metrics, health and http_sd by TCP as well; zero: on the API's socket only
	DNS       netip.AddrPort // answer DNS queries, UDP and TCP; zero: not
	DNSZone   string         // the domain that DNS queries are answered for
	WriteFile string         // file to keep at what Template makes of the view; "": none
	Template  string         // Go template of the file, see [FileView]
	WriteExec string         // command for sh -c after each write of the file; "": none

	Handlers handlers.Config `setting:",inline"` // programs and webhooks that are told of events

	AllowPlaintext bool // bind to more than loopback although no key seals the traffic

	KeyFile   string         // file of the keys that seal the gossip, see keyring.ReadFile; "": nothing is sealed
	Allow     []netip.Prefix // networks to take packets and streams from; none: everybody
	APITCP    netip.AddrPort `setting:"api-tcp"` // loopback address where the API is served as well, to who shows the token; zero: nowhere
	TokenFile string         // file of that token
}

// Threshold is where suspicion turns into a verdict: at Phi, but at no shorter a silence than Min and no longer a
// one than Max.
type Threshold struct {
	Phi      float64
	Min, Max time.Duration
}

// Profiles returns the names that [DefaultConfig] takes.
func Profiles() []string { return []string{"local", "lan", "wan"} }

// DefaultConfig returns the configuration of a profile without a name: "local" for many agents on one host, "lan" for
// one data centre, "wan" for links between continents.
func DefaultConfig(profile string) (Config, error) {
	c := Config{
		Cluster:   "heartsay",
		Bind:      netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), addr.DefaultPort),
		Profile:   profile,
		Fanout:    1,
		Detector:  "measured",
		MaxPacket: 1400,
		DNSZone:   "heartsay",
	}
	c.Handlers.Timeout = 30 * time.Second
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
