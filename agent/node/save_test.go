package node

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"heartsay/agent/internal/state"
	"heartsay/api"
)

func TestStateThatCouldNotBeWrittenIsWrittenWhenTheDiskHasRoomAgain(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		time.Sleep(time.Minute)
		file := c.agents["a"].state
		if err := os.Remove(file.Path()); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(file.Path(), 0o700); err != nil { // a file cannot take the place of a folder
			t.Fatal(err)
		}
		c.start("b", 2, at(1).String())
		time.Sleep(5 * time.Minute)
		if got := c.counter("a", "state_write_failed"); got < 5 || got > 15 {
			t.Errorf("in 5 minutes of a full disk %d attempts were counted, want one each %s", got, saveAgain)
		}
		if err := os.Remove(file.Path()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // in which nothing happens that would be saved
		saved, _, err := file.Load()
		if err != nil || len(saved.Members) != 1 {
			t.Errorf("a minute after the disk had room the state is %+v, %v: want it to know b", saved, err)
		}
	})
}

func TestStateThatChangedAMomentBeforeTheEndIsWritten(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		time.Sleep(time.Minute)
		c.start("b", 2, at(1).String())
		c.sees("a", time.Second, "b=alive")
		c.start("c", 3, at(1).String())
		c.sees("a", time.Second, "b=alive", "c=alive") // within saveEvery of the write that b made
		c.stop("a")
		file, err := state.Open(c.dirs["a"], "a", "heartsay")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if saved, _, err := file.Load(); err != nil || len(saved.Members) != 2 {
			t.Errorf("after the end the state is %+v, %v: want it to know b and c", saved, err)
		}
	})
}

// countingState counts what is written.
type countingState struct{ saves []state.Saved }

func (s *countingState) Load() (state.Saved, string, error) { return state.Saved{}, "", nil }
func (s *countingState) Save(saved state.Saved) error       { s.saves = append(s.saves, saved); return nil }
func (s *countingState) Path() string                       { return "" }
func (s *countingState) Close() error                       { return nil }

func TestStateIsTakenFromTheLoopOnceForEachWrite(t *testing.T) {
	virtually(t, func(c *cluster) {
		kept := new(countingState)
		cfg := c.config("a", 1)
		a, err := c.node(cfg, c.net.listen(cfg.Advertise), kept)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * saveEvery)
		begin := len(kept.saves)
		for i := range 100 {
			if _, err := a.Tags(context.Background(), api.TagsRequest{Set: map[string]string{"n": fmt.Sprint(i)}}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * saveEvery)
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if n := len(kept.saves) - begin; n < 1 || n > 2 {
			t.Errorf("a hundred changes in one moment made %d writes, want one or two", n)
		}
	})
}
