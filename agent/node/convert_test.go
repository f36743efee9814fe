package node

import (
	"slices"
	"testing"

	"heartsay/api"
	"heartsay/membership"
)

func TestPIKnowsEachStateAndEventOfTheEngine(t *testing.T) {
	for i, s := range membership.States() {
		if apiState(s) != api.States()[i] {
			t.Errorf("the engine's state %s is %q in the API, in another order", s, api.States()[i])
		}
	}
	for e := membership.EventJoin; e <= membership.EventConflict; e++ {
		if !slices.Contains(api.EventTypes(), apiEventType(e)) {
			t.Errorf("the engine's event %s has no type in the API", e)
		}
	}
}
