package gossip

import (
	"testing"
	"time"

	"heartsay/gossip/wire"
)

func TestOpenSyncIntroducesWhomItsOwnTimeAllows(t *testing.T) {
	for _, c := range []struct {
		later time.Duration
		want  int
		why   string
	}{
		{0, 3, "they were heard of just now"},
		{time.Hour, 0, "nothing came of them for longer than anybody waits"},
	} {
		e, now := knowing(t, 3)
		told := 0
		for _, part := range e.OpenSync(now.Add(c.later), false) {
			for _, en := range part.(*wire.Sync).Entries {
				if en.Record.Name != "self" {
					told++
				}
			}
		}
		if told != c.want {
			t.Errorf("%s after the last input a full exchange tells of %d members, want %d: %s", c.later, told, c.want, c.why)
		}
	}
}
