package bench

import "time"

// hold blocks a member as Lifeguard's experiment does, "immediately before sending and after receiving": who sends waits
// in the call, what is received waits in the socket, and timers run.
func (c *cluster) hold(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h := c.hosts[i]; !h.held {
		h.held, h.released = true, make(chan struct{})
	}
}

// release lets a member go on.
func (c *cluster) release(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.hosts[i]
	if !h.held {
		return
	}
	h.held = false
	close(h.released)
	held := [][]func(){h.heldStreams, h.heldIn}
	h.heldStreams, h.heldIn = nil, nil
	for _, queue := range held {
		for _, f := range queue {
			f()
		}
	}
}

func (c *cluster) releaseAll() {
	for i := range c.hosts {
		c.release(i)
	}
}

// lose sets what all links lose.
func (c *cluster) lose(loss lossy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loss = loss
}

// loseAt sets the share lost on the way to and from some members.
func (c *cluster) loseAt(members []int, in, out float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, i := range members {
		c.hosts[i].lossIn, c.hosts[i].lossOut = in, out
	}
}

// split cuts the network between some members and all others; with none it heals it.
func (c *cluster) split(members ...int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.side = nil
	if len(members) > 0 {
		c.side = make([]int, len(c.hosts))
		for _, i := range members {
			c.side[i] = 1
		}
	}
}

// blockCycles holds the members together for block, lets them go for open, and so on, for at least total (Lifeguard's
// experiment). It returns when they are open, and when each of their holds began and ended.
func (c *cluster) blockCycles(members []int, block, open, total time.Duration) (holds []span) {
	began := time.Now()
	for {
		for _, i := range members {
			c.hold(i)
		}
		from := c.now()
		time.Sleep(block)
		to := c.now()
		for _, i := range members {
			c.release(i)
		}
		holds = append(holds, span{from, to})
		if time.Since(began) >= total {
			return holds
		}
		time.Sleep(open)
	}
}

// span is a time from and to.
type span struct{ From, To time.Duration }

func (s span) holds(at time.Duration) bool { return s.From <= at && at < s.To }
