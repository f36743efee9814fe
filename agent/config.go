package agent

import (
	"errors"
	"net/netip"
	"time"

	"heartsay/agent/addr"
	"heartsay/agent/handlers"
	"heartsay/agent/node"
)

// Config is how one agent runs: as a member, and what it serves beside that. Start from [DefaultConfig]; a zero Config
// is not valid.
type Config struct {
	Bind netip.AddrPort // gossip address to listen on, for packets and streams; port 0 picks a free one
	node.Config

	API      string // where the local API is served, unix:///path
	StateDir string // folder of the state file; "": nothing is kept over a restart, see RequireState
	Profile  string // the profile that times and thresholds came from

	AllowPlaintext bool           // bind to more than loopback although no key seals the traffic
	KeyFile        string         // file of the keys that seal the gossip, see keyring.ReadFile; "": nothing is sealed
	AcceptPlain    time.Duration  // for so long from the start, accept what is not sealed as well, to begin or end to use keys
	Allow          []netip.Prefix // networks to take packets and streams from; none: everybody

	Handlers handlers.Config `setting:",inline"` // programs and webhooks that are told of events, by [Open] and [Run]

	// Endpoints, which [Run] opens and [Open] does not.
	APITCP        netip.AddrPort `setting:"api-tcp"` // loopback address where the API is served as well, to who shows the token; zero: nowhere
	TokenFile     string         // file of that token
	ReadTokenFile string         // file of a token that opens only what changes nothing
	Metrics       netip.AddrPort // serve metrics, health and http_sd by TCP as well; zero: on the API's socket only
	DNS           netip.AddrPort // answer DNS queries, UDP and TCP; zero: not
	DNSZone       string         // the domain that DNS queries are answered for
	WriteFile     string         // file to keep at what Template makes of the view; "": none
	Template      string         // Go template of the file, see docs/discovery.md
	WriteExec     string         // command for sh -c after each write of the file; "": none
}

// DefaultConfig returns the configuration of a profile without a name, see [node.DefaultConfig]: on loopback, with the
// usual port.
func DefaultConfig(profile string) (Config, error) {
	member, err := node.DefaultConfig(profile)
	if err != nil {
		return Config{}, err
	}
	c := Config{
		Config:  member,
		Profile: profile,
		Bind:    netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), addr.DefaultPort),
		DNSZone: "heartsay",
	}
	c.Handlers.Timeout = 30 * time.Second
	return c, nil
}

// Threshold is where suspicion turns into a verdict.
type Threshold = node.Threshold

// Profiles returns the names that [DefaultConfig] takes.
func Profiles() []string { return node.Profiles() }

// ConflictError says that an agent must not run under its name, since a live one elsewhere holds it.
type ConflictError = node.ConflictError

// ErrClosed ends what [Agent.Follow] returns: the agent was closed, and the caller has all its events.
var ErrClosed = node.ErrClosed

// ConfigError says what is wrong with a configuration, all of it at once.
type ConfigError struct{ err error }

func (e *ConfigError) Error() string { return e.err.Error() }
func (e *ConfigError) Unwrap() error { return e.err }

// Validate returns all that is wrong with c as one [*ConfigError], or nil. It changes nothing and opens nothing.
func (c Config) Validate() error {
	var faults []error
	if !c.Bind.IsValid() {
		faults = append(faults, errors.New("no address to bind to is given"))
	}
	if c.RequireState && c.StateDir == "" {
		faults = append(faults, errors.New("the state is required, and no folder keeps it: give --state-dir"))
	}
	faults = append(faults, c.Config.Validate(c.overhead()), c.exposure(), c.operators(), c.Handlers.Validate())
	if err := errors.Join(faults...); err != nil {
		return &ConfigError{err}
	}
	return nil
}
