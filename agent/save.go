package agent

import (
	"time"

	"heartsay/membership"
)

// saveEvery is how often the state file is written at most, however much changes: a write waits for the disk.
const saveEvery = 2 * time.Second

// save hands what is to survive a restart to the goroutine that writes it. It is called by the loop, and replaces what
// still waits.
func (a *Agent) save() {
	if a.state == nil {
		return
	}
	saved := a.toSave()
	select {
	case <-a.saves:
	default:
	}
	a.saves <- saved // the loop is the only sender, so there is room
}

// toSave returns the members worth looking for after a restart: all but this one and those who left.
func (a *Agent) toSave() Saved {
	s := Saved{
		Name: a.cfg.Name, Cluster: a.cfg.Cluster, Incarnation: a.engine.Self().Record.Incarnation,
		Members: []SavedMember{}, Seeds: a.seeds.names(),
	}
	for _, v := range a.engine.Snapshot(time.Now()) {
		r := v.Record
		if r.Name != a.cfg.Name && v.State != membership.Left {
			s.Members = append(s.Members, SavedMember{
				Name: r.Name, Address: r.Address.String(), Incarnation: r.Incarnation,
			})
		}
	}
	return s
}

// writeState writes the state file when there is something new, and a last time at the end.
func (a *Agent) writeState() {
	if a.state == nil {
		return
	}
	for {
		select {
		case saved := <-a.saves:
			a.write(saved)
		case <-a.loopEnded:
			select {
			case saved := <-a.saves:
				a.write(saved)
			default:
			}
			return
		}
		select {
		case <-time.After(saveEvery):
		case <-a.loopEnded:
		}
	}
}

func (a *Agent) write(saved Saved) {
	if err := a.state.Save(saved); err != nil {
		a.drops.count("state_write_failed")
		a.log.Error("state file is not written, the one before is kept", "error", err)
	}
}
