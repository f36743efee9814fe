package simulate

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/sim"
)

// parseScenario returns the scenario that the flags describe.
func parseScenario(c *cli.Call) (sim.Scenario, error) {
	settings, err := parseSettings(c)
	if err != nil {
		return sim.Scenario{}, err
	}
	if err := checkNetwork(c); err != nil {
		return sim.Scenario{}, err
	}
	seed := c.Int("seed")
	if seed < 0 {
		return sim.Scenario{}, cli.UsageError("%s %d: a seed is not negative", c.Origin("seed"), seed)
	}
	s, err := sim.NewScenario(c.Int("members"), uint64(seed), settings)
	if err != nil {
		return s, cli.UsageError("%v", err)
	}
	s.For, s.Settled = c.Duration("for"), c.Bool("settled")
	s.Network.Loss, s.Network.Latency, s.Network.Jitter = c.Number("loss"), c.Duration("latency"), c.Duration("jitter")
	if err := s.Validate(); err != nil {
		return s, cli.UsageError("%v", err)
	}
	if s.Faults, err = parseFaults(c, s); err != nil {
		return s, err
	}
	return s, nil
}

// parseSettings returns the profile's settings with what the flags set in their place.
func parseSettings(c *cli.Call) (sim.Settings, error) {
	cfg, err := agent.DefaultConfig(c.String("profile"))
	if err != nil {
		return sim.Settings{}, cli.UsageError("%s: %v", c.Origin("profile"), err)
	}
	s := settingsOf(cfg)
	if c.IsSet("interval") {
		s.Interval = c.Duration("interval")
	}
	if c.IsSet("fanout") {
		s.Fanout = c.Int("fanout")
	}
	if c.IsSet("digest-budget") {
		s.Budget = c.Int("digest-budget")
	}
	return s, nil
}

// settingsOf returns what the engine of an agent with that configuration is told.
func settingsOf(cfg agent.Config) sim.Settings {
	return sim.Settings{
		Interval: cfg.Interval, Fanout: cfg.Fanout, Budget: cfg.DigestBudget, Detector: cfg.Detector, MaxPacket: cfg.MaxPacket,
		Suspect: sim.Threshold(cfg.Suspect), Dead: sim.Threshold(cfg.Dead),
	}
}

// strike is a fault on the command line: so many members, and times.
type strike struct {
	flag    string
	kind    sim.Kind
	members int
	times   []time.Duration
}

// parseFaults returns the faults that the flags describe, each at members of its own.
func parseFaults(c *cli.Call, s sim.Scenario) ([]sim.Fault, error) {
	strikes := []strike{{flag: "crash", kind: sim.Crash, members: c.Int("crash")}}
	for _, f := range []struct {
		flag  string
		kind  sim.Kind
		form  string
		times int
	}{{"freeze", sim.Freeze, "K:D", 1}, {"block", sim.Block, "K:D:I", 2}, {"partition", sim.Partition, "K:D", 1}} {
		if !c.IsSet(f.flag) {
			continue
		}
		k, err := parseStrike(c, f.flag, f.form, f.times)
		if err != nil {
			return nil, err
		}
		k.kind = f.kind
		strikes = append(strikes, k)
	}
	return placeFaults(c, s, strikes)
}

// placeFaults chooses the members that faults strike, by the seed.
func placeFaults(c *cli.Call, s sim.Scenario, strikes []strike) ([]sim.Fault, error) {
	order := rand.New(rand.NewPCG(s.Seed, 3)).Perm(s.Members)
	var faults []sim.Fault
	for _, k := range strikes {
		switch {
		case k.members < 0:
			return nil, cli.UsageError("%s %d: a number of members is not negative", c.Origin(k.flag), k.members)
		case k.members >= len(order):
			return nil, cli.UsageError("%s: %d of %d members would leave none that faults do not strike: give it fewer",
				c.Origin(k.flag), k.members, s.Members)
		case k.members == 0:
			continue
		}
		f := sim.Fault{Kind: k.kind, Members: order[:k.members]}
		order = order[k.members:]
		if len(k.times) > 0 {
			f.For = k.times[0]
		}
		if len(k.times) > 1 {
			f.Pause = k.times[1]
		}
		faults = append(faults, f)
	}
	return faults, nil
}

// parseStrike returns the number of members and the times that a flag gives in that form.
func parseStrike(c *cli.Call, flag, form string, times int) (k strike, err error) {
	k.flag = flag
	wrong := cli.UsageError("%s %q: write %s, like %s", c.Origin(flag), c.String(flag), form,
		map[string]string{"K:D": "3:10s", "K:D:I": "3:10s:64ms"}[form])
	parts := strings.Split(c.String(flag), ":")
	if len(parts) != times+1 {
		return k, wrong
	}
	if k.members, err = strconv.Atoi(parts[0]); err != nil {
		return k, wrong
	}
	for _, p := range parts[1:] {
		d, err := time.ParseDuration(p)
		if err != nil {
			return k, wrong
		}
		if d <= 0 {
			return k, cli.UsageError("%s %q: a duration must be above 0", c.Origin(flag), c.String(flag))
		}
		k.times = append(k.times, d)
	}
	return k, nil
}
