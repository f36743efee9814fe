package api

import (
	"slices"
	"strings"
	"testing"
)

func TestEventTypesAreKnownByTheirWords(t *testing.T) {
	for _, want := range EventTypes() {
		if got, err := ParseEventType(string(want)); got != want || err != nil {
			t.Errorf("ParseEventType(%q) is %q, %v", want, got, err)
		}
		if level := want.Level(); level != LevelInfo && level != LevelWarn {
			t.Errorf("%s has the level %q", want, level)
		}
	}
	if _, err := ParseEventType("murder"); err == nil ||
		err.Error() != `event type "murder" is not known: choose of join alive suspect dead left update forgotten conflict reset` {
		t.Errorf("an unknown type is refused with %v, want the choice", err)
	}
	if got := EventType("murder"); got.Level() != LevelInfo || got.Colour() != "" {
		t.Errorf("an unknown type has level %q and colour %q, want info and none", got.Level(), got.Colour())
	}
}

func TestDefaultEventTypesAreAllButReset(t *testing.T) {
	if want := EventTypes()[:len(EventTypes())-1]; !slices.Equal(DefaultEventTypes(), want) || slices.Contains(want, EventReset) {
		t.Errorf("a handler for all events gets %v, want %v", DefaultEventTypes(), want)
	}
}

func TestStatesAreKnownByTheirWordsAndHaveAnEvent(t *testing.T) {
	for _, want := range States() {
		if got, err := ParseState(string(want)); got != want || err != nil {
			t.Errorf("ParseState(%q) is %q, %v", want, got, err)
		}
		if !slices.Contains(EventTypes(), want.Event()) || want.Colour() == "" {
			t.Errorf("state %s has the event %q and the colour %q", want, want.Event(), want.Colour())
		}
		if want.Present() != strings.Contains("alive suspect", string(want)) {
			t.Errorf("a member that is %s takes part: %v", want, want.Present())
		}
	}
	if _, err := ParseState("well"); err == nil || err.Error() != `state "well" is not known: choose of alive suspect dead left` {
		t.Errorf("an unknown state is refused with %v, want the choice", err)
	}
}

func TestViewTakesAnUnknownEventAsNewsOfItsMember(t *testing.T) {
	var v View
	v.Reset(nil)
	v.Apply(Event{Type: "promoted", Member: Member{Name: "a", State: "leader"}})
	if m, ok := v.Member("a"); !ok || m.State != "leader" {
		t.Errorf("the view shows %+v, %v, want the member as the event has it", m, ok)
	}
}
