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

func leaveCommand() *cli.Command {
	return &cli.Command{
		Name:      "leave",
		Usage:     "make the agent leave its cluster and end",
		UsageText: "heartsay leave [flags]",
		Flags:     cli.WithAPI(),
		Action: func(c *cli.Call) error {
			client, err := cli.NewClient(c.Line)
			if err != nil {
				return err
			}
			result, err := client.Leave(c.Context)
			if err != nil {
				return err
			}
			return c.Println("left the cluster; acknowledged by %s", render.Plural(result.Told, "member"))
		},
	}
}

func forgetCommand() *cli.Command {
	return &cli.Command{
		Name:      "forget",
		Usage:     "remove a member that will not come back from the list",
		UsageText: "heartsay forget [flags] NAME",
		Description: `A member that is alive or suspect is not forgotten without --force; it comes
back by itself if it lives. Forgetting a member that was forgotten before is no error.`,
		Flags: cli.WithAPI(
			cli.Bool("force", "even if the member is alive or suspect"),
		),
		Takes:    cli.Takes{Least: 1, Most: 1, What: "NAME"},
		Complete: cli.MemberNames,
		Action: func(c *cli.Call) error {
			name := c.Arg(0)
			if name == "" {
				return cli.UsageError("NAME is empty")
			}
			client, err := cli.NewClient(c.Line)
			if err != nil {
				return err
			}
			result, err := client.Forget(c.Context, name, c.Bool("force"))
			if err != nil {
				return err
			}
			if !result.Forgotten {
				return c.Println("%s was forgotten before", render.Escape(result.Name))
			}
			return c.Println("forgot %s", render.Escape(result.Name))
		},
	}
}
