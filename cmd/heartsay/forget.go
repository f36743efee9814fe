package main

import (
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

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
