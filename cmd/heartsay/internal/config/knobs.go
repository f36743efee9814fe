package config

import (
	"net/netip"
	"slices"
	"time"

	"heartsay/agent"
	"heartsay/agent/addr"
	"heartsay/agent/handlers"
	"heartsay/cmd/heartsay/internal/cli"
)

// usualProfile is the profile of an agent that names none.
const usualProfile = "lan"

// knobs returns all settings of the agent, in the order of its help. A new one is a field of agent.Config and a line
// here.
func knobs() []knob {
	return slices.Concat(identityKnobs(), verdictKnobs(), endpointKnobs(), handlerKnobs(), hostKnobs())
}

// identityKnobs say who the agent is and whom it joins.
func identityKnobs() []knob {
	return []knob{
		{flag: configFlag()},
		{cli.Text("name", "the host's name", "`NAME` of this member, unique in the cluster"), setName},
		of(cli.Text("cluster", "", "`NAME` of the cluster; messages of other clusters are refused"),
			func(c *agent.Config) *string { return &c.Cluster }),
		parsed(cli.Text("bind", "", "gossip on `IP:PORT`, UDP and TCP; port 0: any free one"),
			func(c *agent.Config) *netip.AddrPort { return &c.Bind }, addr.ParseBind),
		parsed(cli.Text("advertise", "the bind address, or the host's", "let others gossip with this member at `IP:PORT`"),
			func(c *agent.Config) *netip.AddrPort { return &c.Advertise }, addr.ParseAdvertise),
		of(cli.List("join", "join by `ADDRESS`, ip[:port], [v6]:port or name[:port], for ever; repeatable"),
			func(c *agent.Config) *[]string { return &c.Join }),
		{cli.List("tag", "tag `KEY=VALUE` of this member; repeatable"), setTags},
		of(cli.Text("zone", "", "`ZONE` of this member, its failure domain"),
			func(c *agent.Config) *string { return &c.Zone }),
	}
}

// verdictKnobs say how often the agent gossips and when it declares others dead.
func verdictKnobs() []knob {
	return []knob{
		{flag: cli.Choice("profile", usualProfile, "take the defaults of `PROFILE`", agent.Profiles()...)},
		of(cli.Duration("interval", fromProfile, "time `DURATION` between two heartbeats"),
			func(c *agent.Config) *time.Duration { return &c.Interval }),
		of(cli.Int("fanout", fromProfile, "exchange with `K` peers in each interval"),
			func(c *agent.Config) *int { return &c.Fanout }),
		of(cli.Int("digest-budget", "256", "send `BYTES` of heartbeats in a digest at most; a longer list takes turns"),
			func(c *agent.Config) *int { return &c.DigestBudget }),
		of(cli.Text("detector", fromProfile, "judge silences by the `DETECTOR` measured, or by a textbook one: logistic, normal, exponential"),
			func(c *agent.Config) *string { return &c.Detector }),
		of(cli.Number("suspect-phi", fromProfile, "suspect a member at this `PHI`"),
			func(c *agent.Config) *float64 { return &c.Suspect.Phi }),
		of(cli.Number("dead-phi", fromProfile, "declare a member dead at this `PHI`"),
			func(c *agent.Config) *float64 { return &c.Dead.Phi }),
		of(cli.Duration("suspect-min", fromProfile, "suspect after no less than `DURATION` of silence"),
			func(c *agent.Config) *time.Duration { return &c.Suspect.Min }),
		of(cli.Duration("suspect-max", fromProfile, "suspect after no more than `DURATION` of silence"),
			func(c *agent.Config) *time.Duration { return &c.Suspect.Max }),
		of(cli.Duration("dead-min", fromProfile, "declare dead after no less than `DURATION` of silence"),
			func(c *agent.Config) *time.Duration { return &c.Dead.Min }),
		of(cli.Duration("dead-max", fromProfile, "declare dead after no more than `DURATION` of silence"),
			func(c *agent.Config) *time.Duration { return &c.Dead.Max }),
		of(cli.Duration("retain-dead", "24h", "keep dead members in the list for `DURATION`"),
			func(c *agent.Config) *time.Duration { return &c.RetainDead }),
		of(cli.Duration("retain-left", "10m", "keep members that left in the list for `DURATION`"),
			func(c *agent.Config) *time.Duration { return &c.RetainLeft }),
	}
}

// endpointKnobs say how the agent serves monitoring and discovery.
func endpointKnobs() []knob {
	return []knob{
		parsed(cli.Text("metrics", "", "serve metrics, health and Prometheus targets on `IP:PORT` too; a port alone: on loopback"),
			func(c *agent.Config) *netip.AddrPort { return &c.Metrics }, addr.ParseListen),
		parsed(cli.Text("dns", "", "answer DNS queries for members on `IP:PORT`, UDP and TCP; a port alone: on loopback"),
			func(c *agent.Config) *netip.AddrPort { return &c.DNS }, addr.ParseListen),
		of(cli.Text("dns-zone", "", "answer DNS queries for `DOMAIN` only"),
			func(c *agent.Config) *string { return &c.DNSZone }),
		of(cli.Text("write-file", "", "keep in `FILE` what --template makes of the members"),
			func(c *agent.Config) *string { return &c.WriteFile }),
		parsed(cli.Text("template", "", "the `TEMPLATE` of --write-file, a Go template, or @FILE that holds it"),
			func(c *agent.Config) *string { return &c.Template }, readTemplate),
		of(cli.Text("write-exec", "", "run `COMMAND` by sh -c after each write of --write-file"),
			func(c *agent.Config) *string { return &c.WriteExec }),
	}
}

// handlerKnobs say what is to be done when something happens. Each kind of handler has a flag of its own.
func handlerKnobs() []knob {
	var all []knob
	for _, kind := range handlers.Flags() {
		flag := cli.List(kind.Name, kind.Usage)
		flag.Separator = "\n" // its values hold commas, so that line feeds separate them in the environment
		all = append(all, each(flag, func(c *agent.Config, value string) error { return kind.Add(&c.Handlers, value) }))
	}
	return append(all,
		of(cli.Duration("handler-timeout", "", "kill a program of --on-event after `DURATION`"),
			func(c *agent.Config) *time.Duration { return &c.Handlers.Timeout }),
		of(cli.Text("webhook-secret-file", "", "sign these posts with the secret in `FILE`"),
			func(c *agent.Config) *string { return &c.Handlers.WebhookSecretFile }))
}

// hostKnobs say what the agent keeps and takes on its host, who may talk to it, and how it logs.
func hostKnobs() []knob {
	return []knob{
		{cli.APIFlag(), setAPI},
		of(cli.Text("state-dir", "", "keep members, seeds and the incarnation in `DIR`, to rejoin after a restart"),
			func(c *agent.Config) *string { return &c.StateDir }),
		of(cli.Bool("require-state", "do not start when nothing can be read or written in --state-dir, rather than go on without"),
			func(c *agent.Config) *bool { return &c.RequireState }),
		of(cli.Text("key-file", "", "seal the gossip with the keys in `FILE`, see the command keys; SIGHUP reads it again"),
			func(c *agent.Config) *string { return &c.KeyFile }),
		of(cli.Duration("accept-plain", "none", "with --key-file, accept unsealed gossip too for `DURATION` from the start"),
			func(c *agent.Config) *time.Duration { return &c.AcceptPlain }),
		of(cli.Bool("allow-plaintext", "bind to more than loopback without a key that seals the gossip"),
			func(c *agent.Config) *bool { return &c.AllowPlaintext }),
		each(cli.List("allow", "accept packets and streams from the network `CIDR` only; repeatable"), addNetwork),
		parsed(cli.Text("api-tcp", "", "serve the API on loopback `IP:PORT` as well, for requests with the token"),
			func(c *agent.Config) *netip.AddrPort { return &c.APITCP }, parseTCP),
		of(cli.Text("token-file", "", "the token for the API over TCP is in `FILE`; SIGHUP reads it again"),
			func(c *agent.Config) *string { return &c.TokenFile }),
		of(cli.Text("read-token-file", "", "a token that may only read, for the API over TCP, is in `FILE`; SIGHUP reads it again"),
			func(c *agent.Config) *string { return &c.ReadTokenFile }),
		{flag: cli.Choice("log-level", "info", "log from `LEVEL` on", "trace", "debug", "info", "warn", "error", "off")},
		{flag: cli.Choice("log-format", "text", "log as `FORMAT`", "text", "json")},
	}
}
