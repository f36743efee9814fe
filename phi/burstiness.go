package phi

// burstiness tells how far the longest waits are independent of each other. Waits that end together are often long for one
// reason: nobody reached the observer for some rounds, and then a digest ended the waits of dozens of members. A hundred of
// these teach what a few do. So the long ones are counted in blocks of as many waits as there are members. If each were independent, the
// variance of their number from block to block would be its mean [Poisson]; it is larger by as much as they come in bursts.
type burstiness struct {
	waits, long          float32 // in this block
	blocks, sum, squares float32 // finished blocks, and of the numbers of long waits in them; fading
}

// add counts a wait, which is long or not, of one of so many members.
func (c *burstiness) add(long bool, members float64) {
	if c.waits++; long {
		c.long++
	}
	if float64(c.waits) >= members {
		c.blocks++
		c.sum += c.long
		c.squares += c.long * c.long
		c.waits, c.long = 0, 0
	}
}

// fade makes what was counted count less.
func (c *burstiness) fade(share float32) {
	c.blocks, c.sum, c.squares = c.blocks*share, c.sum*share, c.squares*share
}

// independence returns how many independent waits a long wait counts as, above 0 and at most 1. It starts out at 1.
func (c *burstiness) independence() float64 {
	if c.blocks == 0 {
		return 1
	}
	varies := float64(c.squares - c.sum*c.sum/c.blocks)
	return min((float64(c.sum)+burstDoubt)/(varies+burstDoubt), 1)
}

const (
	// burstDoubt is how many waits the guess counts as that each is independent.
	burstDoubt = 8

	// burstFade is what is left of these counts whenever the waits have been halved: next to nothing. A young observer takes
	// for long what is not, so that its first blocks hold dozens; as squares these outweigh all later ones, and it would find
	// bursts where there are none for thousands of intervals. While it is young, that makes it patient, which is better.
	burstFade = 0.1
)
