package agent

import (
	"errors"
	"fmt"
	"net/netip"

	"heartsay/agent/addr"
	"heartsay/gossip"
	"heartsay/membership"
	"heartsay/phi"
)

// ConfigError says what is wrong with a configuration, all of it at once.
type ConfigError struct{ err error }

func (e *ConfigError) Error() string { return e.err.Error() }
func (e *ConfigError) Unwrap() error { return e.err }

// Validate returns all that is wrong with c as one [*ConfigError], or nil. It changes nothing and opens nothing.
func (c Config) Validate() error {
	var faults []error
	if err := membership.ValidateName(c.Cluster); err != nil {
		faults = append(faults, fmt.Errorf("cluster %w", err))
	}
	faults = append(faults, c.membership(), c.patience(), c.exposure(), c.operators(), c.Handlers.Validate())
	for _, s := range c.Join {
		if _, err := addr.ParseSeed(s); err != nil {
			faults = append(faults, err)
		}
	}
	if _, err := phi.ByName(c.Detector); err != nil {
		faults = append(faults, err)
	} else if membership.ValidateName(c.Cluster) == nil { // or there is no envelope
		faults = append(faults, c.engine(c.overhead()).Validate())
	}
	if err := errors.Join(faults...); err != nil {
		return &ConfigError{err}
	}
	return nil
}

// patience returns an error when the longest time-outs are too short for the interval: heartbeats take a few intervals
// to get around, so the living would be called dead.
func (c Config) patience() error {
	if least := 10 * c.Interval; c.Dead.Max < least || c.Suspect.Max < least/2 {
		return fmt.Errorf("interval %s is too long for time-outs of %s (suspect) and %s (dead) at most: at least %s and %s "+
			"are needed; raise --suspect-max and --dead-max, or choose another --profile",
			c.Interval, c.Suspect.Max, c.Dead.Max, least/2, least)
	}
	return nil
}

// membership returns what is wrong with what the agent would say of itself.
func (c Config) membership() error {
	if !c.Bind.IsValid() {
		return errors.New("no address to bind to is given")
	}
	r := c.record(anyAddress, 1)
	r.Version = 1
	return r.Validate()
}

// engine returns the configuration of the engine, whose packets leave room for the envelope.
func (c Config) engine(overhead int) gossip.Config {
	g := gossip.DefaultConfig()
	g.Fanout, g.Budget = c.Fanout, c.DigestBudget
	g.MaxPayload = c.MaxPacket - overhead
	g.Suspect, g.Dead = gossip.Threshold(c.Suspect), gossip.Threshold(c.Dead)
	if detector, err := phi.ByName(c.Detector); err == nil {
		g.Detector = detector
	}
	return g
}

// anyAddress stands for the address that is only known when the socket is open.
var anyAddress = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), addr.DefaultPort)
