package main

import (
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

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
