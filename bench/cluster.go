package bench

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// system is heartsay or memberlist, with a configuration.
type system interface {
	// String names system and configuration, for tables.
	String() string
	// start starts a member which joins by the address given, unless that is "". What it says goes into the ledger.
	start(c *cluster, index int, seed string) process
}

// process is one running member.
type process interface {
	// crash stops it without a goodbye, and returns when that is done.
	crash()
	// leave lets it leave with a goodbye and stops it.
	leave()
}

// cluster is members of one system on one network, in one bubble.
type cluster struct {
	*network
	*ledger
	system  system
	rng     *rand.Rand // of the fault schedule: it is drawn alike whatever the system does
	members []process  // nil: not running
}

// Bubble runs f in virtual time under a name, and returns when all goroutines that f started have ended. Several goroutines may
// call it at once. The package testing/synctest has such bubbles, but gives them to tests alone: so its caller hands one in,
// a test of this package or the program in bench/cmd/bench.
type Bubble func(name string, f func())

// cluster runs f on a new cluster of up to size members in virtual time.
func (in Bubble) cluster(sys system, size int, seed uint64, f func(c *cluster)) {
	in(fmt.Sprintf("%s, %d members, seed %d", sys, size, seed), func() {
		c := &cluster{
			network: newNetwork(seed, size), system: sys, rng: rand.New(rand.NewPCG(seed, 1<<32)),
			members: make([]process, size),
		}
		names := make([]string, size)
		for i := range names {
			names[i] = memberName(i)
		}
		c.ledger = newLedger(names)
		f(c)
		c.end()
	})
}

// end stops everything and waits until no goroutine is left: a stream may take half a minute to give up.
func (c *cluster) end() {
	c.releaseAll()
	for i := range c.members {
		c.crash(i)
	}
	time.Sleep(2 * time.Minute)
	c.network.close()
}

func memberName(i int) string { return fmt.Sprintf("member-%04d", i) }

// boot starts the first n members, the first one at once and the others at random moments within the spread. They join
// by the first. Members that start at one moment would beat in step until the end.
func (c *cluster) boot(n int, spread time.Duration) {
	c.start(0, -1)
	delays := make([]time.Duration, n)
	for i := 1; i < n; i++ {
		delays[i] = time.Duration(c.rng.Int64N(int64(spread)))
	}
	for _, i := range sortedBy(delays)[1:] {
		time.Sleep(delays[i] - time.Since(c.began))
		c.start(i, 0)
	}
}

// start starts member i, which joins by member seed; -1: by none.
func (c *cluster) start(i, seed int) {
	address := ""
	if seed >= 0 {
		address = c.hosts[seed].address.String()
	}
	c.restart(i)
	c.members[i] = c.system.start(c, i, address)
}

// crash stops member i without a goodbye.
func (c *cluster) crash(i int) {
	if c.members[i] != nil {
		c.members[i].crash()
		c.members[i] = nil
	}
}

// now returns the virtual time since the start.
func (c *cluster) now() time.Duration { return time.Since(c.began) }

// running returns the members that run.
func (c *cluster) running() []int {
	var all []int
	for i, p := range c.members {
		if p != nil {
			all = append(all, i)
		}
	}
	return all
}

// converge waits until all running members see one another, for at most d. It returns how long that took, and whether
// it came to it.
func (c *cluster) converge(d, step time.Duration) (time.Duration, bool) {
	began, all := time.Now(), c.running()
	for !c.allSee(all, len(all)-1) {
		if time.Since(began) >= d {
			return d, false
		}
		time.Sleep(step)
	}
	return time.Since(began), true
}

// pick draws k different members, never the first, which is everybody's seed.
func (c *cluster) pick(n, k int) []int {
	drawn := c.rng.Perm(n - 1)[:k]
	for i := range drawn {
		drawn[i]++
	}
	return drawn
}

// sortedBy returns the indices of d in rising order of its values.
func sortedBy(d []time.Duration) []int {
	order := make([]int, len(d))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(d[a], d[b]) })
	return order
}
