package main

import (
	"fmt"
	"io"
	"strings"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

func eventsCommand() *cli.Command {
	return &cli.Command{
		Name:      "events",
		Usage:     "follow the changes in the agent's view, until interrupted",
		UsageText: "heartsay events [flags]",
		Description: `Prints one line for each event, in the agent's order. "reset" replaces all events
before it and shows the whole view. It comes first with --snapshot, and whenever
events were lost.`,
		Flags: cli.WithAPI(
			cli.OutputFlag("table", "ndjson"),
			cli.ListOf("type", "only events of this `TYPE`, and resets, repeatable: "+strings.Join(cli.Words(api.EventTypes()), ", "),
				api.EventTypes()),
			cli.Text("after", "", "begin after the event `EPOCH:SEQ` instead of now"),
			cli.Bool("snapshot", "begin with the whole view"),
			cli.Bool("reconnect", "go on when the agent restarts or is not there yet"),
			cli.Int("count", "", "end after `N` events; for ever without it"),
		),
		Action: eventsAction,
	}
}

func eventsAction(c *cli.Call) error {
	format := c.String("output")
	request, err := parseEventsRequest(c)
	if err != nil {
		return err
	}
	if c.IsSet("count") && c.Int("count") < 1 {
		return cli.UsageError("%s %d: at least 1 event must be waited for", c.Origin("count"), c.Int("count"))
	}
	client, err := cli.NewClient(c.Line)
	if err != nil {
		return err
	}
	return followEvents(c, client, request, newEventWriter(c.Out, format))
}

// parseEventsRequest returns what the flags type, after and snapshot ask for.
func parseEventsRequest(c *cli.Call) (api.EventsRequest, error) {
	r := api.EventsRequest{Snapshot: c.Bool("snapshot"), Types: cli.As[api.EventType](c.Strings("type"))}
	if c.IsSet("after") {
		var err error
		if r.After, err = api.ParseCursor(c.String("after")); err != nil {
			return r, cli.UsageError("%s: %v", c.Origin("after"), err)
		}
	}
	return r, nil
}

// followEvents writes events until as many came as were asked for, or it is interrupted, or the agent is gone.
func followEvents(c *cli.Call, client *api.Client, request api.EventsRequest, out eventWriter) error {
	ctx, stop := cli.UntilInterrupted(c.Context)
	defer stop()
	events := client.Events
	if c.Bool("reconnect") {
		events = client.Follow
		request.OnBreak = func(err error) {
			c.Note("%v; trying again", err)
		}
	}
	n := 0
	for e, err := range events(ctx, request) {
		if err != nil {
			return cli.UnlessInterrupted(ctx, err)
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

// eventWriter writes events as lines, each as soon as it comes.
type eventWriter struct {
	w       io.Writer
	json    bool
	colours render.Palette
}

func newEventWriter(w io.Writer, format string) eventWriter {
	return eventWriter{w: w, json: format == "ndjson", colours: render.NewPalette(w)}
}

// write writes one event. A reset in a table gets a line more for each member of the view.
func (o eventWriter) write(e api.Event) error {
	if o.json {
		return render.WriteJSON(o.w, e, false)
	}
	if e.Type != api.EventReset {
		return o.line(e, e.Type, e.Member, e.Reason)
	}
	reason := strings.TrimSuffix(fmt.Sprintf("the view has %s: %s", render.Plural(len(e.Members), "member"), e.Reason), ": ")
	if err := o.line(e, e.Type, api.Member{}, reason); err != nil {
		return err
	}
	for _, m := range e.Members {
		if err := o.line(e, "", m, "is "+string(m.State)); err != nil {
			return err
		}
	}
	return nil
}

// line writes a line with columns as wide as usual names and addresses are: later lines are not known yet.
func (o eventWriter) line(e api.Event, kind api.EventType, m api.Member, reason string) error {
	name, address := m.Name, m.Address
	if kind == api.EventReset {
		name, address = "-", "-"
	}
	text := fmt.Sprintf("%s  %s  %s  %s  %s", e.Time.Local().Format("15:04:05.000"),
		o.colours.Paint(string(kind.Colour()), render.Pad(render.Escape(string(kind)), 9)), render.Pad(render.Escape(name), 16), render.Pad(render.Escape(address), 21), render.Escape(reason))
	_, err := fmt.Fprintln(o.w, strings.TrimRight(text, " "))
	return err
}
