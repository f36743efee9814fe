package main

import (
	"errors"
	"net/netip"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"heartsay/agent"
	"heartsay/agent/addr"
)

// agentConfig returns the configuration that the flags describe: the profile's, with what was set in its place. All
// faults that can be seen here come back together; the agent finds the others.
func agentConfig(c *cli.Context) (agent.Config, error) {
	cfg, err := agent.DefaultConfig(c.String("profile"))
	if err != nil {
		return cfg, usageError("%s: %v", origin(c, "profile"), err)
	}
	cfg.API = c.String("api")
	cfg.Join = c.StringSlice("join")
	cfg.AllowPlaintext = c.Bool("allow-plaintext")
	cfg.Build = shortBuild()
	setStrings(c, &cfg)
	setNumbers(c, &cfg)
	return cfg, errors.Join(
		setName(c, &cfg),
		setAddress(c, "bind", &cfg.Bind, addr.ParseBind),
		setAddress(c, "advertise", &cfg.Advertise, addr.ParseAdvertise),
		setTags(c, &cfg),
		setOperators(c, &cfg),
		setHandlers(c, &cfg),
		setAccess(c, &cfg),
	)
}

// setStrings sets what is a string.
func setStrings(c *cli.Context, cfg *agent.Config) {
	for name, field := range map[string]*string{
		"cluster": &cfg.Cluster, "state-dir": &cfg.StateDir, "zone": &cfg.Zone, "detector": &cfg.Detector,
		"key-file": &cfg.KeyFile, "token-file": &cfg.TokenFile,
	} {
		if c.IsSet(name) {
			*field = c.String(name)
		}
	}
}

// setNumbers sets what is a number or a time.
func setNumbers(c *cli.Context, cfg *agent.Config) {
	for name, field := range map[string]*int{"fanout": &cfg.Fanout, "digest-budget": &cfg.DigestBudget} {
		if c.IsSet(name) {
			*field = c.Int(name)
		}
	}
	for name, field := range map[string]*float64{"suspect-phi": &cfg.Suspect.Phi, "dead-phi": &cfg.Dead.Phi} {
		if c.IsSet(name) {
			*field = c.Float64(name)
		}
	}
	for name, field := range map[string]*time.Duration{
		"interval": &cfg.Interval, "suspect-min": &cfg.Suspect.Min, "suspect-max": &cfg.Suspect.Max,
		"dead-min": &cfg.Dead.Min, "dead-max": &cfg.Dead.Max,
	} {
		if c.IsSet(name) {
			*field = c.Duration(name)
		}
	}
}

// setName sets the name, by default the host's.
func setName(c *cli.Context, cfg *agent.Config) error {
	if c.IsSet("name") {
		cfg.Name = c.String("name")
		return nil
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		return usageError("this host has no name: give the member one with --name")
	}
	cfg.Name = host
	return nil
}

// setAddress sets the address that a flag gives.
func setAddress(c *cli.Context, name string, field *netip.AddrPort, parse func(string) (netip.AddrPort, error)) error {
	if !c.IsSet(name) {
		return nil
	}
	a, err := parse(c.String(name))
	if err != nil {
		return usageError("%s: %v", origin(c, name), err)
	}
	*field = a
	return nil
}

// setTags sets the tags.
func setTags(c *cli.Context, cfg *agent.Config) error {
	tags, err := parseTags(origin(c, "tag"), c.StringSlice("tag"))
	cfg.Tags = tags
	return err
}

// shortBuild returns the version that others are told, cut to the 64 bytes that a record has for it.
func shortBuild() string {
	v := buildVersion()
	return v[:min(len(v), 64)]
}
