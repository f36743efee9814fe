package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"heartsay/agent"
	"heartsay/agent/addr"
)

// agentFlags returns the flags of the agent: who it is, how it judges others, and how it runs.
func agentFlags() []cli.Flag {
	flags := append([]cli.Flag{configFlag()}, identityFlags()...)
	flags = append(flags, verdictFlags()...)
	flags = append(flags, operatorFlags()...)
	flags = append(flags, handlerFlags()...)
	return append(flags,
		apiFlag(),
		text("state-dir", "", "keep members, seeds and the incarnation in `DIR`, to rejoin after a restart"),
		text("key-file", "", "seal the gossip with the keys in `FILE`, see keys; SIGHUP reads it again"),
		&cli.BoolFlag{Name: "allow-plaintext", Usage: "bind to more than loopback although nothing seals the gossip"},
		list("allow", "take packets and streams from the network `CIDR` alone; repeatable"),
		text("api-tcp", "", "serve the API on loopback `IP:PORT` as well, to whoever shows the token"),
		text("token-file", "", "the token for the API over TCP is in `FILE`"),
		&cli.StringFlag{Name: "log-level", Value: "info", Usage: "log from `LEVEL` on: " + strings.Join(logLevels, ", ")},
		&cli.StringFlag{Name: "log-format", Value: "text", Usage: "log as `FORMAT`: " + strings.Join(logFormats, ", ")},
	)
}

// identityFlags returns the flags that say who the agent is and whom it joins.
func identityFlags() []cli.Flag {
	return []cli.Flag{
		text("name", "the host's name", "`NAME` of this member, unique in the cluster"),
		text("cluster", "heartsay", "`NAME` of the cluster; others are not listened to"),
		text("bind", fmt.Sprintf("127.0.0.1:%d", addr.DefaultPort), "gossip on `IP:PORT`, UDP and TCP; port 0: any free one"),
		text("advertise", "the bind address", "tell others to gossip with `IP:PORT`"),
		list("join", "join by `ADDRESS`, ip[:port], [v6]:port or name[:port], for ever; repeatable"),
		list("tag", "tell others the tag `KEY=VALUE`; repeatable"),
		text("zone", "", "tell others that this member is in `ZONE`, its failure domain"),
	}
}

// verdictFlags returns the flags that say how often the agent gossips and when it calls others dead. What is not given
// comes from the profile.
func verdictFlags() []cli.Flag {
	profiles := strings.Join(agent.Profiles(), ", ")
	return []cli.Flag{
		&cli.StringFlag{Name: "profile", Value: "lan", Usage: "take the defaults of `PROFILE`: " + profiles},
		duration("interval", "time `DURATION` between two heartbeats"),
		&cli.IntFlag{Name: "fanout", DefaultText: fromProfile, Usage: "exchange with `K` peers in each interval"},
		&cli.IntFlag{Name: "digest-budget", DefaultText: "256", Usage: "tell `BYTES` of heartbeats in a digest at most; a longer list takes turns"},
		text("detector", fromProfile, "judge silences by the `DETECTOR` measured, or one of the textbook: logistic, normal, exponential"),
		number("suspect-phi", "suspect a member at this `PHI`"),
		number("dead-phi", "call a member dead at this `PHI`"),
		duration("suspect-min", "suspect after no less than `DURATION` of silence"),
		duration("suspect-max", "suspect after no more than `DURATION` of silence"),
		duration("dead-min", "call dead after no less than `DURATION` of silence"),
		duration("dead-max", "call dead after no more than `DURATION` of silence"),
	}
}

const fromProfile = "from the profile"

func text(name, otherwise, usage string) cli.Flag {
	return &cli.StringFlag{Name: name, DefaultText: otherwise, Usage: usage}
}

func list(name, usage string) cli.Flag { return &cli.StringSliceFlag{Name: name, Usage: usage} }

func duration(name, usage string) cli.Flag {
	return &cli.DurationFlag{Name: name, DefaultText: fromProfile, Usage: usage}
}

func number(name, usage string) cli.Flag {
	return &cli.Float64Flag{Name: name, DefaultText: fromProfile, Usage: usage}
}
