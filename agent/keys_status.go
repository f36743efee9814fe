package agent

import (
	"context"
	"net/netip"
	"path/filepath"
	"time"

	"heartsay/agent/seal"
	"heartsay/api"
	"heartsay/membership"
)

// How long members are given to tell which keys they hold, and how often it is looked whether all have.
const (
	askTime  = time.Second
	lookTime = 20 * time.Millisecond
)

// KeyStatus asks all present members which keys they hold, and returns what is known once all have answered or a second
// has passed. It gives away ids only.
func (a *Agent) KeyStatus(ctx context.Context) (api.Keys, error) {
	status := api.Keys{Keys: []api.Key{}, Retired: []api.RetiredKey{}, Members: []api.KeyUse{}, Refused: []api.Refusal{}}
	if a.sealer == nil {
		return status, nil
	}
	now, err := a.Look(ctx)
	if err != nil {
		return status, err
	}
	views := now.Views
	begin := time.Now()
	a.askKeys(ctx, a.others(views), begin)
	status.Sealed, status.KeyFile = true, a.cfg.KeyFile
	if path, err := filepath.Abs(a.cfg.KeyFile); err == nil {
		status.KeyFile = path
	}
	keys := a.keys.Load()
	for i, id := range keys.IDs() {
		status.Keys = append(status.Keys, api.Key{ID: id.String(), Seals: i == 0})
	}
	for _, r := range keys.Retired() {
		status.Retired = append(status.Retired, api.RetiredKey{ID: r.ID.String(), Date: r.When.Format(time.DateOnly)})
	}
	for _, v := range views {
		if v.Record.Name != a.cfg.Name {
			status.Members = append(status.Members, a.keyUse(v, begin))
		}
	}
	for _, r := range a.sealer.Refusals() {
		status.Refused = append(status.Refused, apiRefusal(r, views, a.cfg.Name))
	}
	return status, nil
}

// others returns the addresses of the present members but this one.
func (a *Agent) others(views []membership.View) (all []netip.AddrPort) {
	for _, v := range views {
		if v.State.Present() && v.Record.Name != a.cfg.Name {
			all = append(all, v.Record.Address)
		}
	}
	return all
}

// askKeys asks all addresses, half-way a second time those that have not answered, and waits.
func (a *Agent) askKeys(ctx context.Context, all []netip.AddrPort, begin time.Time) {
	look := time.NewTicker(lookTime)
	defer look.Stop()
	for ask, again := true, begin.Add(askTime/2); ; {
		silent := 0
		for _, to := range all {
			if a.sealer.KeyUse(to).Told.Before(begin) {
				silent++
				if ask {
					a.Transmit(seal.Packet{To: to, Bytes: a.sealer.Ask(to, time.Now())})
				}
			}
		}
		ask = false
		if silent == 0 || time.Since(begin) > askTime {
			return
		}
		select {
		case <-look.C:
			if now := time.Now(); now.After(again) {
				ask, again = true, now.Add(askTime)
			}
		case <-ctx.Done():
			return
		case <-a.Done():
			return
		}
	}
}

func (a *Agent) keyUse(v membership.View, begin time.Time) api.KeyUse {
	use := a.sealer.KeyUse(v.Record.Address)
	row := api.KeyUse{
		Name: v.Record.Name, Address: v.Record.Address.String(), State: api.State(v.State.String()), Holds: []string{},
		Asked: !use.Told.Before(begin),
	}
	if use.Seals != 0 {
		heard := use.Heard.UTC()
		row.Seals, row.Heard = use.Seals.String(), &heard
	}
	for _, id := range use.Holds {
		row.Holds = append(row.Holds, id.String())
	}
	return row
}

// apiRefusal returns a refusal as the API tells it, with the member that is known at its address. A stream comes from
// any port. It is never this member itself, called self, though another on its host may be.
func apiRefusal(r seal.Refusal, views []membership.View, self string) api.Refusal {
	row := api.Refusal{Address: r.From.String(), Reason: r.Reason, Count: r.Count, Last: r.Last.UTC()}
	if r.From.Port() == 0 {
		row.Address = r.From.Addr().String()
	}
	if r.Key != 0 {
		row.Key = r.Key.String()
	}
	hosts := 0
	for _, v := range views {
		if v.Record.Address == r.From {
			row.Member = v.Record.Name
			return row
		}
		if v.Record.Address.Addr() == r.From.Addr() {
			row.Member = v.Record.Name
			hosts++
		}
	}
	if hosts > 1 || row.Member == self { // which of them, or which other program of this host, cannot be told
		row.Member = ""
	}
	return row
}
