package agent

import (
	"context"
	"time"

	"heartsay/api"
)

// snapshotAge is how old the snapshots of a node get.
const snapshotAge = time.Second

// named returns all counts of an agent, as GET /v1/self names them.
func (a *Agent) named() map[string]uint64 { return a.self().Counters }

// seedRows returns how an agent's seeds fare.
func (a *Agent) seedRows() []api.Seed { return a.self().Seeds }

func (a *Agent) self() api.Self {
	s, err := a.Self(context.Background())
	if err != nil {
		return api.Self{}
	}
	return s
}
