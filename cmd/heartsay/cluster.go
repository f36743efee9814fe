package main

import (
	"fmt"
	"slices"

	"heartsay/agent/addr"
	"heartsay/api"
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
		Usage:     "remove members that will not come back from the list",
		UsageText: "heartsay forget [flags] NAME...\nheartsay forget [flags] --state dead|left",
		Description: `Removes all members given, or with an error none. A member that is alive or
suspect is not forgotten without --force; it comes back by itself if it lives.
Forgetting a member that was forgotten before is no error. With --everywhere all
other agents are asked as well: each forgets those that it holds dead or left
itself, and a member that lives comes back.`,
		Flags: cli.WithAPI(
			cli.Bool("force", "even if the member is alive or suspect, by this agent alone"),
			cli.Choice("state", "", "all members in this `STATE`", string(api.Dead), string(api.Left)),
			cli.Bool("everywhere", "ask all other agents, too"),
		),
		Takes:    cli.Takes{Least: 0, Most: 1000, What: "NAME"},
		Complete: cli.MemberNames,
		Action:   forgetAction,
	}
}

func forgetAction(c *cli.Call) error {
	r := api.ForgetRequest{
		Names: c.Args, State: api.State(c.String("state")), Force: c.Bool("force"), Everywhere: c.Bool("everywhere"),
	}
	if err := checkForget(r); err != nil {
		return err
	}
	client, err := cli.NewClient(c.Line)
	if err != nil {
		return err
	}
	result, err := client.ForgetAll(c.Context, r)
	if err != nil {
		return err
	}
	for _, name := range r.Names {
		if !slices.Contains(result.Names, name) {
			if err := c.Println("%s was forgotten before", render.Escape(name)); err != nil {
				return err
			}
		}
	}
	for _, name := range result.Names {
		if err := c.Println("forgot %s", render.Escape(name)); err != nil {
			return err
		}
	}
	if r.State != "" && len(result.Names) == 0 {
		return c.Println("no member is %s", r.State)
	}
	return nil
}

// checkForget returns a usage error when the request cannot be meant so, or nil.
func checkForget(r api.ForgetRequest) error {
	switch {
	case slices.Contains(r.Names, ""):
		return cli.UsageError("NAME is empty")
	case len(r.Names) == 0 && r.State == "":
		return cli.UsageError("NAME is missing")
	case len(r.Names) > 0 && r.State != "":
		return cli.UsageError("give names, or --state, not both")
	case r.Force && (r.State != "" || r.Everywhere):
		return cli.UsageError("--force is for names in the list of this agent alone: leave out --state and --everywhere")
	}
	return nil
}
