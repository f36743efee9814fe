package main

import "github.com/urfave/cli/v2"

func forgetCommand() *cli.Command {
	return &cli.Command{
		Name:      "forget",
		Usage:     "remove a member that will not come back from the list",
		UsageText: "heartsay forget [flags] NAME",
		Description: `A member that is alive or suspect is not forgotten without --force; it comes
back by itself if it lives. To forget one that was forgotten before is no error.`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "force", Usage: "even if the member is alive or suspect"},
			apiFlag(),
		},
		Action: takes(1, 1, "NAME", func(c *cli.Context) error {
			name := c.Args().First()
			if name == "" {
				return usageError("NAME is empty")
			}
			client, err := newClient(c)
			if err != nil {
				return err
			}
			result, err := client.Forget(c.Context, name, c.Bool("force"))
			if err != nil {
				return err
			}
			if !result.Forgotten {
				return println(c, "%s was forgotten before", escape(result.Name))
			}
			return println(c, "forgot %s", escape(result.Name))
		}),
	}
}
