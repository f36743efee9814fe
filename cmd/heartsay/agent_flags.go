package main

import (
	"fmt"

	"heartsay/agent"
	"heartsay/agent/addr"
)

// agentFlags returns the flags of the agent: who it is, how it judges others, and how it runs.
func agentFlags() []Flag {
	flags := append([]Flag{configFlag()}, identityFlags()...)
	flags = append(flags, verdictFlags()...)
	flags = append(flags, operatorFlags()...)
	flags = append(flags, handlerFlags()...)
	return append(flags,
		apiFlag(),
		Text("state-dir", "", "keep members, seeds and the incarnation in `DIR`, to rejoin after a restart"),
		Text("key-file", "", "seal the gossip with the keys in `FILE`, see keys; SIGHUP reads it again"),
		Bool("allow-plaintext", "bind to more than loopback although nothing seals the gossip"),
		List("allow", "take packets and streams from the network `CIDR` alone; repeatable"),
		Text("api-tcp", "", "serve the API on loopback `IP:PORT` as well, to whoever shows the token"),
		Text("token-file", "", "the token for the API over TCP is in `FILE`"),
		Choice("log-level", "info", "log from `LEVEL` on", "trace", "debug", "info", "warn", "error", "off"),
		Choice("log-format", "text", "log as `FORMAT`", "text", "json"),
	)
}

// identityFlags returns the flags that say who the agent is and whom it joins.
func identityFlags() []Flag {
	return []Flag{
		Text("name", "the host's name", "`NAME` of this member, unique in the cluster"),
		Text("cluster", "heartsay", "`NAME` of the cluster; others are not listened to"),
		Text("bind", fmt.Sprintf("127.0.0.1:%d", addr.DefaultPort), "gossip on `IP:PORT`, UDP and TCP; port 0: any free one"),
		Text("advertise", "the bind address", "tell others to gossip with `IP:PORT`"),
		List("join", "join by `ADDRESS`, ip[:port], [v6]:port or name[:port], for ever; repeatable"),
		List("tag", "tell others the tag `KEY=VALUE`; repeatable"),
		Text("zone", "", "tell others that this member is in `ZONE`, its failure domain"),
	}
}

// verdictFlags returns the flags that say how often the agent gossips and when it calls others dead. What is not given
// comes from the profile.
func verdictFlags() []Flag {
	return []Flag{
		Choice("profile", "lan", "take the defaults of `PROFILE`", agent.Profiles()...),
		Duration("interval", fromProfile, "time `DURATION` between two heartbeats"),
		Int("fanout", fromProfile, "exchange with `K` peers in each interval"),
		Int("digest-budget", "256", "tell `BYTES` of heartbeats in a digest at most; a longer list takes turns"),
		Text("detector", fromProfile, "judge silences by the `DETECTOR` measured, or one of the textbook: logistic, normal, exponential"),
		Number("suspect-phi", fromProfile, "suspect a member at this `PHI`"),
		Number("dead-phi", fromProfile, "call a member dead at this `PHI`"),
		Duration("suspect-min", fromProfile, "suspect after no less than `DURATION` of silence"),
		Duration("suspect-max", fromProfile, "suspect after no more than `DURATION` of silence"),
		Duration("dead-min", fromProfile, "call dead after no less than `DURATION` of silence"),
		Duration("dead-max", fromProfile, "call dead after no more than `DURATION` of silence"),
	}
}

const fromProfile = "from the profile"
