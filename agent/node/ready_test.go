package node

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// unready fails the test unless an agent is not ready and says so in these words.
func (c *cluster) unready(name, words string) {
	c.t.Helper()
	if err := c.agents[name].Ready(context.Background()); err == nil || !strings.Contains(err.Error(), words) {
		c.t.Errorf("%s says that it is %v, want that it is not ready because %q", name, err, words)
	}
}

func TestNodeWithoutSeedsIsAloneOnPurposeAndReady(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.readyWithin("a", 100*time.Millisecond)
	})
}

func TestNodeThatIsItsOwnSeedIsReadyAlone(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1, "10.0.0.1", "10.0.0.9")
		c.readyWithin("a", 2*time.Second)
	})
}

func TestNodeIsNotReadyBeforeItHasJoined(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("b", 2, "10.0.0.1")
		time.Sleep(10 * time.Minute)
		c.unready("b", "none of its seeds (1) and remembered members (0)")
		c.start("a", 1)
		c.readyWithin("b", lookWhenAlone+3*time.Second)
	})
}

func TestRestartIsNotReadyBeforeAnyOfItsOldMembersLetItIn(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.sees("b", 2*time.Second, "a=alive")
		time.Sleep(2 * saveEvery)
		c.stop("a")
		c.stop("b")
		c.start("b", 2)
		time.Sleep(time.Minute)
		c.unready("b", "remembered members (1)")
		c.start("a", 1)
		c.readyWithin("b", time.Minute)
	})
}

// A newcomer learns of a member that died a moment ago as of any other.
func TestNewcomerIsNotReadyWhileACorpseLooksAlive(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		time.Sleep(10 * time.Second)
		c.stop("b")
		c.start("c", 3, "10.0.0.1")
		time.Sleep(time.Second)
		if view := c.view("c"); !strings.Contains(view, "b=alive") {
			t.Fatalf("c sees [%s]: it was to be told of b as if it lived", view)
		}
		c.unready("c", "heard only once of 1 members")
		took := c.readyWithin("c", 25*time.Second)
		if view := c.view("c"); !strings.Contains(view, "b=dead") {
			t.Errorf("c was ready after %s while it saw [%s]", took, view)
		}
	})
}

func TestViewOfTheLivingSettlesInAFewIntervals(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		for i := 2; i <= 8; i++ {
			c.start(string(rune('a'+i-1)), i, "10.0.0.1")
		}
		time.Sleep(5 * time.Second)
		c.start("z", 20, "10.0.0.1")
		if took := c.readyWithin("z", 5*time.Second); took > 3*time.Second {
			t.Errorf("a newcomer among eight was ready after %s", took)
		}
	})
}

func TestReadyNodeStaysReadyWhenAllOthersDieAndSaysThatItMayBeIsolated(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		time.Sleep(10 * time.Second)
		c.stop("b")
		c.sees("a", 30*time.Second, "b=dead")
		time.Sleep(lookEvery)
		s, err := c.agents["a"].Snapshot()
		if err != nil || s.Ready != nil || !strings.Contains(s.Isolated, "all others (1) are dead") {
			t.Errorf("the survivor is %v, %v, isolated %q; want it ready, and isolated", err, s.Ready, s.Isolated)
		}
	})
}

func TestNodeWhosePeersAllLeftIsNotIsolated(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		if _, err := c.agents["b"].Leave(context.Background()); err != nil {
			t.Fatal(err)
		}
		c.unready("b", "")
		c.sees("a", 2*time.Second, "b=left")
		time.Sleep(lookEvery)
		if s, err := c.agents["a"].Snapshot(); err != nil || s.Isolated != "" {
			t.Errorf("the last one is %v, isolated %q; want it alone on purpose", err, s.Isolated)
		}
	})
}

func TestNodeThatLeavesIsNotReady(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.readyWithin("a", time.Second)
		if _, err := c.agents["a"].Leave(context.Background()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * lookSoon)
		c.unready("a", "leaving")
	})
}

func TestNodeWhoseLoopStandsStillIsNeitherLiveNorReady(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		c.readyWithin("a", time.Second)
		block, blocked := make(chan struct{}), make(chan struct{})
		go a.do(context.Background(), func(l *loop, _ time.Time) { close(blocked); <-block })
		<-blocked
		time.Sleep(10 * time.Second)
		c.unready("a", "its loop has not answered for")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := a.Healthy(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while the loop stands still the node says that its health is %v", err)
		}
		close(block)
		if err := a.Healthy(context.Background()); err != nil {
			t.Errorf("once the loop turns again, its health is %v", err)
		}
		c.readyWithin("a", 2*time.Second)
	})
}
