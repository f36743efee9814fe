package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"heartsay/agent/addr"
)

func joinCommand() *cli.Command {
	return &cli.Command{
		Name:      "join",
		Usage:     "join a cluster by addresses of its members",
		UsageText: "heartsay join [flags] ADDRESS...",
		Description: `An ADDRESS is ip[:port], [v6]:port or name[:port]. The agent tries each now, and
keeps all as seeds that it tries again by itself. Fails when none answered.`,
		Flags:  []cli.Flag{apiFlag()},
		Action: takes(1, 1000, "ADDRESS", joinAction),
	}
}

func joinAction(c *cli.Context) error {
	addresses := c.Args().Slice()
	for _, a := range addresses {
		if _, err := addr.ParseSeed(a); err != nil {
			return usageError("%v", err)
		}
	}
	client, err := newClient(c)
	if err != nil {
		return err
	}
	result, err := client.Join(c.Context, addresses...)
	if err != nil {
		return err
	}
	for _, r := range result.Results {
		if r.Error != "" {
			fmt.Fprintf(c.App.ErrWriter, "heartsay join: %s: %s\n", escape(r.Address), escape(r.Error))
		}
	}
	if result.Joined == 0 {
		return fmt.Errorf("none of %s let this agent in", plural(len(addresses), "address"))
	}
	return println(c, "joined %d of %d", result.Joined, len(addresses))
}
