package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

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
type countingState struct{ saves atomic.Int64 }

func (s *countingState) Load() (state.Saved, string, error) { return state.Saved{}, "", nil }
func (s *countingState) Save(state.Saved) error             { s.saves.Add(1); return nil }
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
		begin := kept.saves.Load()
		for i := range 100 {
			if _, err := a.Tags(context.Background(), api.TagsRequest{Set: map[string]string{"n": fmt.Sprint(i)}}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * saveEvery)
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if n := kept.saves.Load() - begin; n < 1 || n > 2 {
			t.Errorf("a hundred changes in one moment made %d writes, want one or two", n)
		}
	})
}

// brokenState is a state that cannot be read or written.
type brokenState struct {
	State
	saves atomic.Int64
}

func (*brokenState) Load() (state.Saved, string, error) {
	return state.Saved{Incarnation: 1 << 40}, "", errors.New("disk on fire")
}

func (s *brokenState) Save(state.Saved) error { s.saves.Add(1); return errors.New("disk on fire") }
func (*brokenState) Close() error             { return nil }

func TestStateThatIsBrokenAtTheStartIsAsLaterUnlessItIsRequired(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		broken := new(brokenState)
		n, err := c.node(cfg, c.net.listen(cfg.Advertise), broken)
		if err != nil {
			t.Fatalf("a disk that is broken at the start keeps the node from starting: %v", err)
		}
		c.agents["a"] = n
		time.Sleep(time.Minute)
		if got := c.counter("a", "state_write_failed"); got == 0 || int64(got) != broken.saves.Load() {
			t.Errorf("%d failed writes are counted, and %d failed", got, broken.saves.Load())
		}

		cfg = c.config("b", 2)
		cfg.RequireState = true
		for what, kept := range map[string]State{"broken": broken, "missing": nil} {
			transport := c.net.listen(cfg.Advertise)
			if n, err := c.node(cfg, transport, kept); err == nil {
				n.Close()
				t.Errorf("a node that requires its state starts although that is %s", what)
			}
			transport.Close()
		}
	})
}

func TestStateThatIsNotWrittenForLongIsAnErrorEveryTenMinutes(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		var lines strings.Builder
		broken := new(brokenState)
		n, err := Start(cfg, Parts{
			Transport: c.net.listen(cfg.Advertise), State: broken, Log: hclog.New(&hclog.LoggerOptions{Output: &lines}),
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Minute)
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		if told := strings.Count(lines.String(), "state file is not written"); told != 3 || broken.saves.Load() < 40 {
			t.Errorf("%d attempts failed in 25 minutes, and %d are logged: want one every ten minutes\n%s", broken.saves.Load(), told,
				&lines)
		}
	})
}

func TestStateWithASeedOfAnotherVersionIsUsedWithoutIt(t *testing.T) {
	virtually(t, func(c *cluster) {
		dir := t.TempDir()
		c.dirs["a"] = dir
		file, err := state.Open(dir, "a", "heartsay")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(file.Save(state.Saved{Seeds: []string{"srv+heartsay://x", at(2).String()}}), file.Close()); err != nil {
			t.Fatal(err)
		}
		c.start("b", 2)
		c.start("a", 1)
		c.sees("a", time.Minute, "b=alive")
	})
}
