//go:build race

package e2e

// raced tells that the race detector watches these tests and the agents they start. It multiplies their memory and
// their time, so bounds on either say nothing then.
const raced = true
