package phi

// crowds tells how far the longest waits are on their own. Waits that end one after the other are often long for one
// reason: nobody reached the observer for some rounds, and then a digest ended the waits of dozens of members. A hundred
// of these teach what a few do. The share of those that begin a run among all that exceed a limit is the extremal
// index [Leadbetter 1983; the runs estimator of Smith and Weissman 1994].
type crowds struct {
	long, runs float32 // waits beyond the limit, and runs of them
	within     bool    // the last wait was one
}

// crowdMemory is at how many long waits the counts are halved.
const crowdMemory = 512

func (c *crowds) add(long bool) {
	if long {
		c.long++
		if !c.within {
			c.runs++
		}
		if c.long >= crowdMemory {
			c.long, c.runs = c.long/2, c.runs/2
		}
	}
	c.within = long
}

// alone returns the share of the long waits that teach something new, above 0 and at most 1. It starts out at 1.
func (c *crowds) alone() float64 { return float64(c.runs+8) / float64(c.long+8) }
