package main

import "github.com/urfave/cli/v2"

func leaveCommand() *cli.Command {
	return &cli.Command{
		Name:      "leave",
		Usage:     "make the agent say goodbye to its cluster and end",
		UsageText: "heartsay leave [flags]",
		Flags:     []cli.Flag{apiFlag()},
		Action: takes(0, 0, "", func(c *cli.Context) error {
			client, err := newClient(c)
			if err != nil {
				return err
			}
			result, err := client.Leave(c.Context)
			if err != nil {
				return err
			}
			return println(c, "left; %s confirmed that they know", plural(result.Told, "member"))
		}),
	}
}
