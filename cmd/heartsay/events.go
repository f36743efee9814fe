package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"heartsay/api"
)

var eventsFormats = []string{"table", "ndjson"}

func eventsCommand() *cli.Command {
	return &cli.Command{
		Name:      "events",
		Usage:     "follow the changes in the agent's view, until interrupted",
		UsageText: "heartsay events [flags]",
		Description: `One line for each event, in the agent's order. "reset" says that what was known
before is void, and shows the whole view; it comes first with --snapshot, and
whenever events were lost.`,
		Flags: []cli.Flag{
			outputFlag(eventsFormats...),
			list("type", "only events of this `TYPE`, and resets, repeatable: "+strings.Join(wordsOf(api.EventTypes()), ", ")),
			&cli.StringFlag{Name: "after", Usage: "begin after the event `EPOCH:SEQ` instead of now"},
			&cli.BoolFlag{Name: "snapshot", Usage: "begin with the whole view"},
			&cli.BoolFlag{Name: "reconnect", Usage: "go on when the agent restarts or is not there yet"},
			&cli.IntFlag{Name: "count", Usage: "end after `N` events; for ever without it"},
			apiFlag(),
		},
		Action: takes(0, 0, "", eventsAction),
	}
}

func eventsAction(c *cli.Context) error {
	format, err := parseOutput(c, eventsFormats...)
	if err != nil {
		return err
	}
	request, err := parseEventsRequest(c)
	if err != nil {
		return err
	}
	if c.IsSet("count") && c.Int("count") < 1 {
		return usageError("%s %d: at least 1 event must be waited for", origin(c, "count"), c.Int("count"))
	}
	client, err := newClient(c)
	if err != nil {
		return err
	}
	return followEvents(c, client, request, newEventWriter(c.App.Writer, format))
}

// parseEventsRequest returns what the flags type, after and snapshot ask for.
func parseEventsRequest(c *cli.Context) (api.EventsRequest, error) {
	r := api.EventsRequest{After: c.String("after"), Snapshot: c.Bool("snapshot")}
	for _, word := range c.StringSlice("type") {
		t := api.EventType(word)
		if err := oneOf(c, "type", t, api.EventTypes()); err != nil {
			return r, err
		}
		r.Types = append(r.Types, t)
	}
	if c.IsSet("after") {
		if _, _, err := api.ParseCursor(r.After); err != nil {
			return r, usageError("%s: %v", origin(c, "after"), err)
		}
	}
	return r, nil
}

// followEvents writes events until as many came as were asked for, or it is interrupted, or the agent is gone.
func followEvents(c *cli.Context, client *api.Client, request api.EventsRequest, out eventWriter) error {
	ctx, stop := untilInterrupted(c.Context)
	defer stop()
	events := client.Events
	if c.Bool("reconnect") {
		events = client.Follow
		request.OnBreak = func(err error) {
			fmt.Fprintf(c.App.ErrWriter, "heartsay events: %s; trying again\n", escape(err.Error()))
		}
	}
	n := 0
	for e, err := range events(ctx, request) {
		if err != nil {
			return unlessInterrupted(ctx, err)
		}
		if err := out.write(e); err != nil {
			return err
		}
		if n++; n == c.Int("count") {
			return nil
		}
	}
	return nil
}
