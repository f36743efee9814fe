package config

import (
	"fmt"

	"heartsay/agent"
	"heartsay/agent/addr"
	"heartsay/cmd/heartsay/internal/cli"
)

// Flags returns the flags of the agent: who it is, how it judges others, and how it runs.
func Flags() []cli.Flag {
	flags := append([]cli.Flag{configFlag()}, identityFlags()...)
	flags = append(flags, verdictFlags()...)
	flags = append(flags, operatorFlags()...)
	flags = append(flags, handlerFlags()...)
	return append(flags,
		cli.APIFlag(),
		cli.Text("state-dir", "", "keep members, seeds and the incarnation in `DIR`, to rejoin after a restart"),
		cli.Text("key-file", "", "seal the gossip with the keys in `FILE`, see keys; SIGHUP reads it again"),
		cli.Bool("allow-plaintext", "bind to more than loopback although nothing seals the gossip"),
		cli.List("allow", "take packets and streams from the network `CIDR` alone; repeatable"),
		cli.Text("api-tcp", "", "serve the API on loopback `IP:PORT` as well, to whoever shows the token"),
		cli.Text("token-file", "", "the token for the API over TCP is in `FILE`"),
		cli.Choice("log-level", "info", "log from `LEVEL` on", "trace", "debug", "info", "warn", "error", "off"),
		cli.Choice("log-format", "text", "log as `FORMAT`", "text", "json"),
	)
}

// identityFlags returns the flags that say who the agent is and whom it joins.
func identityFlags() []cli.Flag {
	return []cli.Flag{
		cli.Text("name", "the host's name", "`NAME` of this member, unique in the cluster"),
		cli.Text("cluster", "heartsay", "`NAME` of the cluster; others are not listened to"),
		cli.Text("bind", fmt.Sprintf("127.0.0.1:%d", addr.DefaultPort), "gossip on `IP:PORT`, UDP and TCP; port 0: any free one"),
		cli.Text("advertise", "the bind address", "tell others to gossip with `IP:PORT`"),
		cli.List("join", "join by `ADDRESS`, ip[:port], [v6]:port or name[:port], for ever; repeatable"),
		cli.List("tag", "tell others the tag `KEY=VALUE`; repeatable"),
		cli.Text("zone", "", "tell others that this member is in `ZONE`, its failure domain"),
	}
}

// verdictFlags returns the flags that say how often the agent gossips and when it calls others dead. What is not given
// comes from the profile.
func verdictFlags() []cli.Flag {
	return []cli.Flag{
		cli.Choice("profile", "lan", "take the defaults of `PROFILE`", agent.Profiles()...),
		cli.Duration("interval", FromProfile, "time `DURATION` between two heartbeats"),
		cli.Int("fanout", FromProfile, "exchange with `K` peers in each interval"),
		cli.Int("digest-budget", "256", "tell `BYTES` of heartbeats in a digest at most; a longer list takes turns"),
		cli.Text("detector", FromProfile, "judge silences by the `DETECTOR` measured, or one of the textbook: logistic, normal, exponential"),
		cli.Number("suspect-phi", FromProfile, "suspect a member at this `PHI`"),
		cli.Number("dead-phi", FromProfile, "call a member dead at this `PHI`"),
		cli.Duration("suspect-min", FromProfile, "suspect after no less than `DURATION` of silence"),
		cli.Duration("suspect-max", FromProfile, "suspect after no more than `DURATION` of silence"),
		cli.Duration("dead-min", FromProfile, "call dead after no less than `DURATION` of silence"),
		cli.Duration("dead-max", FromProfile, "call dead after no more than `DURATION` of silence"),
	}
}

const FromProfile = "from the profile"
