package e2e

import (
	"context"
	"testing"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/clitest"
)

func TestFollowerGoesOnOverARestartOfItsAgent(t *testing.T) {
	dir := clitest.SocketDir(t)
	b := startProcess(t, dir, "b", nil, "--bind", "127.0.0.1:0", "--profile", "local")
	self, err := b.client.Self(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a := startProcess(t, dir, "a", nil, "--bind", "127.0.0.1:0", "--profile", "local", "--join", self.Address,
		"--state-dir", dir+"/a")

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	breaks := 0
	var view api.View
	var epochs []string
	var seq uint64
	request := api.EventsRequest{Snapshot: true, OnBreak: func(error) { breaks++ }}
	for e, err := range a.client.Follow(ctx, request) {
		if err != nil {
			t.Fatalf("the follower gave up: %v", err)
		}
		if e.Type == api.EventReset {
			epochs = append(epochs, e.Epoch)
		} else if e.Seq != seq+1 {
			t.Errorf("event %d follows event %d", e.Seq, seq)
		}
		seq = e.Seq
		view.Apply(e)
		b, known := view.Member("b")
		if known = known && b.State == "alive"; known && len(epochs) == 1 {
			a.kill()
			a.start()
		}
		if known && len(epochs) == 2 {
			break
		}
	}
	if len(epochs) != 2 || epochs[0] == epochs[1] || breaks == 0 {
		t.Errorf("the follower saw the epochs %v and %d breaks, want two epochs and a break between them", epochs, breaks)
	}
}
