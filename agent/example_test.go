package agent_test

import (
	"context"
	"fmt"
	"net/netip"

	"heartsay/agent"
	"heartsay/api"
)

// Two agents in one program: bob joins ann, ann hears of it, bob leaves.
func Example() {
	ann, err := agent.Open(config("ann"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ann.Close()
	bob, err := agent.Open(config("bob", ann.Address()), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bob.Close()

	ctx := context.Background()
	for event, err := range ann.Follow(ctx, api.EventsRequest{FromStart: true}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(event.Type, event.Member.Name)
		switch {
		case event.Type == api.EventJoin && event.Member.Name == "bob":
			go bob.Leave(ctx)
		case event.Type == api.EventLeft:
			return
		}
	}
	// Output:
	// join ann
	// join bob
	// left bob
}

// config returns how an agent on loopback runs, at any free port.
func config(name string, seeds ...string) agent.Config {
	cfg, err := agent.DefaultConfig("local")
	if err != nil {
		panic(err) // there is no such profile
	}
	cfg.Name, cfg.Join = name, seeds
	cfg.Bind = netip.MustParseAddrPort("127.0.0.1:0")
	return cfg
}
