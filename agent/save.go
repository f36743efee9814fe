package agent

import (
	"time"

	"heartsay/agent/internal/state"
	"heartsay/membership"
)

// saveEvery is how often the state file is written at most, however much changes: a write waits for the disk.
const saveEvery = 2 * time.Second

// saveAgain is when a write is repeated that failed.
const saveAgain = 30 * time.Second

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
func (a *Agent) toSave() state.Saved {
	s := state.Saved{
		Name: a.cfg.Name, Cluster: a.cfg.Cluster, Incarnation: a.engine.Self().Record.Incarnation,
		Members: []state.Member{}, Seeds: a.seeds.names(),
	}
	for _, v := range a.engine.Snapshot(time.Now()) {
		r := v.Record
		if r.Name != a.cfg.Name && v.State != membership.Left {
			s.Members = append(s.Members, state.Member{
				Name: r.Name, Address: r.Address.String(), Incarnation: r.Incarnation,
			})
		}
	}
	return s
}

// writeState writes the state file when there is something new, and a last time at the end. What could not be written is
// tried again after a while, for a disk that was full has room again some day.
func (a *Agent) writeState() {
	if a.state == nil {
		return
	}
	var unwritten state.Saved
	var again <-chan time.Time // nil while everything is written
	for {
		saved := unwritten
		select {
		case saved = <-a.saves:
		case <-again:
		case <-a.loopEnded:
			a.writeLast(unwritten, again != nil)
			return
		}
		again = nil
		if !a.write(saved) {
			unwritten, again = saved, time.After(saveAgain)
		}
		select {
		case <-time.After(saveEvery):
		case <-a.loopEnded:
		}
	}
}

// writeLast writes what is newest at the end, if anything is unwritten.
func (a *Agent) writeLast(saved state.Saved, unwritten bool) {
	select {
	case saved = <-a.saves:
		unwritten = true
	default:
	}
	if unwritten {
		a.write(saved)
	}
}

// write writes the state file, and reports whether that succeeded.
func (a *Agent) write(saved state.Saved) bool {
	err := a.state.Save(saved)
	if err != nil {
		a.drops.count("state_write_failed")
		a.log.Error("state file is not written, the one before is kept, will be tried again", "error", err)
	}
	return err == nil
}
