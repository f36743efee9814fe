package config

import (
	"errors"
	"net/netip"
	"os"
	"time"

	"heartsay/agent"
	"heartsay/agent/addr"
	"heartsay/cmd/heartsay/internal/cli"
)

// agentConfig returns the configuration that the flags describe: the profile's, with what was set in its place. All
// faults that can be seen here come back together; the agent finds the others.
func agentConfig(l *cli.Line) (agent.Config, error) {
	cfg, err := agent.DefaultConfig(l.String("profile"))
	if err != nil {
		return cfg, cli.UsageError("%s: %v", l.Origin("profile"), err)
	}
	cfg.API = l.String("api")
	cfg.Join = l.Strings("join")
	cfg.AllowPlaintext = l.Bool("allow-plaintext")
	cfg.Build = shortBuild()
	setStrings(l, &cfg)
	setNumbers(l, &cfg)
	return cfg, errors.Join(
		setName(l, &cfg),
		setAddress(l, "bind", &cfg.Bind, addr.ParseBind),
		setAddress(l, "advertise", &cfg.Advertise, addr.ParseAdvertise),
		setTags(l, &cfg),
		setOperators(l, &cfg),
		setHandlers(l, &cfg),
		setAccess(l, &cfg),
	)
}

// setStrings sets what is a string.
func setStrings(l *cli.Line, cfg *agent.Config) {
	for name, field := range map[string]*string{
		"cluster": &cfg.Cluster, "state-dir": &cfg.StateDir, "zone": &cfg.Zone, "detector": &cfg.Detector,
		"key-file": &cfg.KeyFile, "token-file": &cfg.TokenFile,
	} {
		if l.IsSet(name) {
			*field = l.String(name)
		}
	}
}

// setNumbers sets what is a number or a time.
func setNumbers(l *cli.Line, cfg *agent.Config) {
	for name, field := range map[string]*int{"fanout": &cfg.Fanout, "digest-budget": &cfg.DigestBudget} {
		if l.IsSet(name) {
			*field = l.Int(name)
		}
	}
	for name, field := range map[string]*float64{"suspect-phi": &cfg.Suspect.Phi, "dead-phi": &cfg.Dead.Phi} {
		if l.IsSet(name) {
			*field = l.Number(name)
		}
	}
	for name, field := range map[string]*time.Duration{
		"interval": &cfg.Interval, "suspect-min": &cfg.Suspect.Min, "suspect-max": &cfg.Suspect.Max,
		"dead-min": &cfg.Dead.Min, "dead-max": &cfg.Dead.Max,
	} {
		if l.IsSet(name) {
			*field = l.Duration(name)
		}
	}
}

// setName sets the name, by default the host's.
func setName(l *cli.Line, cfg *agent.Config) error {
	if l.IsSet("name") {
		cfg.Name = l.String("name")
		return nil
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		return cli.UsageError("this host has no name: give the member one with --name")
	}
	cfg.Name = host
	return nil
}

// setAddress sets the address that a flag gives.
func setAddress(l *cli.Line, name string, field *netip.AddrPort, parse func(string) (netip.AddrPort, error)) error {
	if !l.IsSet(name) {
		return nil
	}
	a, err := parse(l.String(name))
	if err != nil {
		return cli.UsageError("%s: %v", l.Origin(name), err)
	}
	*field = a
	return nil
}
