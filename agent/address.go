package agent

import (
	"time"

	"heartsay/agent/addr"
)

// The advertised address is looked at as long as the agent runs (package addr decides, this file asks and acts). One that the
// agent chose by itself follows the host: the member moves there, see [node.Node.Move]. One that was given stays, and when
// the host has lost it, the agent is not ready.

const (
	glanceEvery = time.Second     // whether the host has the address
	surveyEvery = 5 * time.Second // everything else that bears on the choice
)

// advertised is what is known of the advertised address.
type advertised struct {
	addr.Advertised
	fault string // why others cannot reach the agent there; "" when nothing is known
}

// watchAddress keeps the advertised address right, as of a survey, until the agent ends.
func (a *Agent) watchAddress(told addr.Advertised, survey addr.Survey) {
	a.log.Info("advertised address", "address", told.Address, "reason", told.Reason)
	if told.Doubt != "" {
		a.log.Warn("advertised address may be wrong", "address", told.Address, "reason", told.Doubt)
	}
	a.address.Store(&advertised{Advertised: told})
	w := addr.NewWatch(told, a.transport.Local(), survey)
	a.endpoints.Go(func() {
		look := time.NewTicker(glanceEvery)
		defer look.Stop()
		for last := time.Now(); ; {
			select {
			case <-look.C:
			case <-a.Done():
				return
			}
			if now := time.Now(); !w.Settled() || now.Sub(last) >= surveyEvery || !addr.Has(w.Address()) {
				last = now
				a.lookAtAddress(w, now, addr.Look(a.Config().Join))
			}
		}
	})
}

// lookAtAddress does what a survey asks for, and says what is new.
func (a *Agent) lookAtAddress(w *addr.Watch, now time.Time, survey addr.Survey) {
	before := a.address.Load()
	told, moved, fault := w.Judge(now, survey)
	a.address.Store(&advertised{told, fault})
	if moved {
		a.moveTo(told, before.Address.String())
	}
	a.SetUnready(fault)
	switch {
	case fault == before.fault:
	case fault != "":
		a.log.Warn("advertised address is gone, so others cannot reach this agent", "address", told.Address, "reason", fault)
	case !moved:
		a.log.Info("advertised address is back", "address", told.Address)
	}
}

// moveTo lets the member be at another address.
func (a *Agent) moveTo(told addr.Advertised, from string) {
	a.configured.mu.Lock() // a reload compares with what is advertised
	defer a.configured.mu.Unlock()
	if err := a.Move(a.Context(), told.Address); err != nil {
		if a.Err() != nil {
			return // the agent ends
		}
		a.log.Error("address is not changed", "from", from, "to", told.Address, "error", err)
		return
	}
	cfg := a.Config()
	cfg.Advertise = told.Address
	a.configured.live.Store(&cfg)
	a.log.Warn("this host has another address, others are told", "from", from, "to", told.Address, "reason", told.Reason)
	if told.Doubt != "" {
		a.log.Warn("advertised address may be wrong", "address", told.Address, "reason", told.Doubt)
	}
}

// toldAddress returns what is known of the advertised address; nothing for an agent that does not watch it.
func (a *Agent) toldAddress() advertised {
	if told := a.address.Load(); told != nil {
		return *told
	}
	return advertised{}
}
