package doctor

import (
	"context"
	"errors"
	"time"

	"heartsay/api"
)

// recently is how long ago a conflict is more than history.
const recently = time.Hour

// checkName looks whether two agents want one name, as far as the agent's events tell.
func (d *doctor) checkName() {
	if d.self == nil {
		return
	}
	conflicts, err := d.conflicts()
	if err != nil {
		d.warn("name", "", "past events cannot be read: %v", err)
		return
	}
	const todo = "give one of the two another --name"
	for name, e := range conflicts {
		at := e.Time.Local().Format(time.DateTime)
		if name == d.self.Name && time.Since(e.Time) < recently {
			d.fail("name", todo, "another agent wants the name %s of this one: %s, last at %s", name, e.Reason, at)
		} else {
			d.warn("name", todo, "two agents wanted the name %s: %s, last at %s", name, e.Reason, at)
		}
	}
	if len(conflicts) == 0 {
		d.ok("name", "no two agents claimed one name")
	}
}

// conflicts returns the last conflict of each name among the events that the agent keeps.
func (d *doctor) conflicts() (map[string]api.Event, error) {
	ctx, cancel := context.WithTimeout(d.ctx, d.waits.past)
	defer cancel()
	last := map[string]api.Event{}
	request := api.EventsRequest{FromStart: true, Types: []api.EventType{api.EventConflict}}
	for e, err := range d.client.Events(ctx, request) {
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return last, nil
		case err != nil:
			return nil, err
		case e.Type == api.EventConflict:
			last[e.Member.Name] = e
		}
	}
	return last, nil
}
