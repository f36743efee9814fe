package main

import (
	"fmt"

	"heartsay/agent/addr"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

func joinCommand() *cli.Command {
	return &cli.Command{
		Name:      "join",
		Usage:     "join a cluster by addresses of its members",
		UsageText: "heartsay join [flags] ADDRESS...",
		Description: `An ADDRESS is ip[:port], [v6]:port or name[:port]. The agent tries each address now.
It keeps the addresses that led to a member as seeds, which it tries again by itself.
Fails when no address did.`,
		Flags:    cli.WithAPI(),
		Takes:    cli.Takes{Least: 1, Most: 1000, What: "ADDRESS"},
		Complete: cli.MemberAddresses,
		Action:   joinAction,
	}
}

func joinAction(c *cli.Call) error {
	addresses := c.Args
	for _, a := range addresses {
		if _, err := addr.ParseSeed(a); err != nil {
			return cli.UsageError("%v", err)
		}
	}
	client, err := cli.NewClient(c.Line)
	if err != nil {
		return err
	}
	result, err := client.Join(c.Context, addresses...)
	if err != nil {
		return err
	}
	for _, r := range result.Results {
		if r.Error != "" {
			c.Note("%s: %s", r.Address, r.Error)
		}
	}
	if result.Joined == 0 {
		return fmt.Errorf("none of %s let this agent in", render.Plural(len(addresses), "address"))
	}
	return c.Println("joined %d of %d", result.Joined, len(addresses))
}
