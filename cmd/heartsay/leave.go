package main

import "heartsay/cmd/heartsay/internal/render"

func leaveCommand() *Command {
	return &Command{
		Name:      "leave",
		Usage:     "make the agent say goodbye to its cluster and end",
		UsageText: "heartsay leave [flags]",
		Flags:     withAPI(),
		Action: func(c *Call) error {
			client, err := newClient(c.Line)
			if err != nil {
				return err
			}
			result, err := client.Leave(c.Context)
			if err != nil {
				return err
			}
			return c.Println("left; %s confirmed that they know", render.Plural(result.Told, "member"))
		},
	}
}
