//go:build race

package torture

// raced tells that the race detector watches these tests and makes them ten times as long. Each case runs in one goroutine.
const raced = true
