// Package membership holds what one observer knows of a cluster's members: their records, the rule that merges
// two pieces of knowledge, the table that keeps the result, the verdicts about it, and the tombstones of members
// that were forgotten.
//
// The package is pure: no I/O, no clock, no goroutine, no lock, no global state. Time comes in as an [Instant],
// which the caller counts from an origin of its own. Nothing it returns depends on the order of a map.
//
// The rules it implements are named R1 to R17 in docs/protocol.md; comments here name them where they are applied.
package membership
