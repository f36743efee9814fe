package agent

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"heartsay/agent/addr"
	"heartsay/agent/keyring"
	"heartsay/agent/node"
	"heartsay/agent/seal"
)

// envelopes returns how an agent of this configuration wraps what it sends. Sealer and keys are nil without a key file.
func (c Config) envelopes() (node.Seal, *seal.Sealer, *keyring.Keys, error) {
	plain := seal.NewEnvelope(c.Cluster, seal.NewBoot())
	if c.KeyFile == "" {
		return plain, nil, nil, nil
	}
	keys, err := keyring.ReadFile(c.KeyFile)
	if err != nil {
		return nil, nil, nil, &ConfigError{err}
	}
	s := seal.NewSealer(c.Cluster, keys, seal.NewBoot())
	if c.AcceptPlain > 0 {
		return seal.NewMixed(s, plain, time.Now().Add(c.AcceptPlain)), s, keys, nil
	}
	return s, s, keys, nil
}

// overhead returns how many bytes of a packet its envelope takes.
func (c Config) overhead() int {
	switch plain := seal.PlainOverhead(c.Cluster); {
	case c.KeyFile == "":
		return plain
	case c.AcceptPlain > 0:
		return max(plain, seal.Overhead)
	}
	return seal.Overhead
}

// maxAcceptPlain bounds for how long an agent with keys may accept what is not sealed.
const maxAcceptPlain = 7 * 24 * time.Hour

// bridge returns what is wrong with how long plain messages are accepted beside sealed ones.
func (c Config) bridge() error {
	switch {
	case c.AcceptPlain == 0:
	case c.KeyFile == "":
		return errors.New("plain messages are to be accepted for a time, and there is no key that seals the others: " +
			"give --key-file too, or leave --accept-plain out")
	case c.AcceptPlain < 0 || c.AcceptPlain > maxAcceptPlain:
		return fmt.Errorf("plain messages are to be accepted for %s: give --accept-plain a time of at most %s, in which all "+
			"agents are restarted", c.AcceptPlain, maxAcceptPlain)
	}
	return nil
}

// exposure returns what is wrong with the way in which others can reach the agent.
func (c Config) exposure() error {
	faults := []error{checkExposure(c.Bind, c.AllowPlaintext || c.KeyFile != "")}
	for _, n := range c.Allow {
		if !n.IsValid() || n != n.Masked() {
			faults = append(faults, fmt.Errorf("network %s: write ADDRESS/BITS with no bit set behind the mask, like %s", n,
				n.Masked()))
		}
	}
	faults = append(faults, c.deafToSeeds(), c.bridge())
	switch {
	case !c.APITCP.IsValid() && (c.TokenFile != "" || c.ReadTokenFile != ""):
		faults = append(faults, errors.New("a token file is given, and no TCP address for the API that needs it"))
	case !c.APITCP.IsValid():
	case c.TokenFile == "" && c.ReadTokenFile == "":
		faults = append(faults, errors.New("the API is to be served over TCP without a token file: "+
			"every user and every web page of this host could use it; give --token-file, or --read-token-file"))
	case !c.APITCP.Addr().Unmap().IsLoopback():
		faults = append(faults, fmt.Errorf("the API is to be served on %s: only loopback is possible; for others, put a "+
			"proxy with TLS in front", c.APITCP))
	}
	return errors.Join(faults...)
}

// deafToSeeds returns an error when the agent would not listen to a seed that is given as an IP.
func (c Config) deafToSeeds() error {
	for _, join := range c.Join {
		s, err := addr.ParseSeed(join)
		if err != nil {
			continue // and said elsewhere
		}
		if ip, err := netip.ParseAddr(s.Host); err == nil && !allows(c.Allow, ip) {
			return fmt.Errorf("seed %s lies in none of the networks that --allow lets talk: what it says would be dropped; "+
				"allow its network too, or join by another", s)
		}
	}
	return nil
}

// ErrNoKeyFile says that an agent runs without keys, which only a restart changes.
var ErrNoKeyFile = errors.New("this agent runs without a key file: restart it with --key-file to seal the gossip")

// ReloadKeys reads the key file again and uses what is in it from now on. When the file is not one, the keys stay as
// they are, and the error says why.
func (a *Agent) ReloadKeys() error {
	a.reloading.Lock()
	defer a.reloading.Unlock() // or one that read an older file could come last
	use, err := a.prepareKeys()
	if err != nil {
		return err
	}
	use()
	return nil
}

// prepareKeys reads the key file again, and returns what makes the agent use what is in it.
func (a *Agent) prepareKeys() (use func(), err error) {
	if a.sealer == nil {
		return nil, ErrNoKeyFile
	}
	keys, err := keyring.ReadFile(a.cfg.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("the keys stay as they are: %w", err)
	}
	return func() {
		before := a.keys.Swap(keys)
		a.sealer.SetKeys(keys)
		if fmt.Sprint(before.IDs()) != fmt.Sprint(keys.IDs()) {
			a.log.Info("keys were changed", "seals", keys.Primary(), "opens", fmt.Sprint(keys.IDs()), "before",
				fmt.Sprint(before.IDs()))
		}
	}, nil
}

// checkExposure returns an error when bind is open to other hosts although no key seals the traffic and the operator
// has not allowed that.
func checkExposure(bind netip.AddrPort, allowPlaintext bool) error {
	if allowPlaintext || bind.Addr().Unmap().IsLoopback() {
		return nil
	}
	return fmt.Errorf("bind to %s: without a key, anybody who reaches this port can read and forge the gossip: "+
		"make one with heartsay keys gen and give it with --key-file, bind to 127.0.0.1, or give --allow-plaintext if you "+
		"trust the network", bind)
}
