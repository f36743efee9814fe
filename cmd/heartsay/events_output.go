package main

import (
	"fmt"
	"io"
	"strings"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/render"
)

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
