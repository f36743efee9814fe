package main

import (
	"fmt"
	"io"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

func membersCommand() *cli.Command {
	return &cli.Command{
		Name:      "members",
		Usage:     "list the members in the agent's view, and their states",
		UsageText: "heartsay members [flags]",
		Description: `Sorted by name; * marks the agent that answers. SILENCE is the age of a member's
newest heartbeat, and TIMEOUT is the silence at which this agent alone declares it
dead, both in seconds. When three members, or all that are left, have probed it
without a reply, it is dead sooner. PHI is the suspicion level: 3 means that one
silence in 1000 is so long. AGE is the time that the member has been in its state.
"-" means not known.`,
		Flags: cli.WithAPI(
			cli.OutputFlag("table", "wide", "json", "ndjson", "name"),
			cli.ListOf("state", "only members in this `STATE`: alive, suspect, dead or left; repeatable", api.States()),
			cli.Flag{Name: "name", Complete: cli.MemberNames, Usage: "only members whose whole name matches the regular expression `RE`"},
			cli.List("tag", "only members with a tag that matches `KEY=RE` as a whole; repeatable: all must match"),
			cli.Bool("watch", "print the list again at each change, until interrupted"),
		),
		Action: membersAction,
	}
}

func membersAction(c *cli.Call) error {
	format := c.String("output")
	filter, err := parseFilter(c)
	if err != nil {
		return err
	}
	client, err := cli.NewClient(c.Line)
	if err != nil {
		return err
	}
	if c.Bool("watch") {
		return watchMembers(c, client, filter, format)
	}
	view, err := client.Members(c.Context)
	if err != nil {
		return err
	}
	return writeMembers(c.Out, filter.apply(view), format, time.Now())
}

// writeMembers writes a view in one of the formats.
func writeMembers(w io.Writer, view api.Members, format string, now time.Time) error {
	switch format {
	case "json":
		return render.WriteJSON(w, view, true)
	case "ndjson":
		for _, m := range view.Members {
			if err := render.WriteJSON(w, m, false); err != nil {
				return err
			}
		}
		return nil
	case "name":
		for _, m := range view.Members {
			if _, err := fmt.Fprintln(w, render.Escape(m.Name)); err != nil {
				return err
			}
		}
		return nil
	}
	return writeTable(w, render.NewPalette(w), view, format == "wide", now)
}
