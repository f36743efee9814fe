//go:build race

package sim_test

// raced tells that the race detector watches these tests and makes them ten times as long.
const raced = true
