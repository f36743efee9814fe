// Package sim runs many engines in virtual time: one heap of events, one seed, a network whose links lose, delay and
// are cut, and members that crash, stall and come back. A run depends on nothing but its configuration and on what its
// caller does to it, so it can be repeated exactly.
//
// A [Cluster] plays the caller that the package gossip asks for: it ticks each engine when that is due, carries the
// messages, and opens the streams. Each of its members is a process, which holds an engine while it runs:
//
//	Start, StartRecord, StartAs   a new life; joins by the seeds given
//	Crash                         stops it without a goodbye
//	Leave                         lets it leave with a goodbye, and stops it when that is over
//	Freeze, Thaw                  as SIGSTOP and SIGCONT do: nothing happens in it, what is sent to it waits
//	Block, Unblock                its timers run, but what it sends and what is sent to it waits
//
// The faults of the links are the state of the [Network].
//
// A [Scenario] is a cluster with its faults as data. Its [Run] checks what is promised always (invariants.go), compares what
// observers hold with the truth (health.go, ledger.go, views.go), counts the traffic, and ends in a [Report]. A [PlanGoal]
// finds out which configuration a cluster needs by running several. Package sim/torture composes faults at random and checks
// what is promised once they stop.
package sim
