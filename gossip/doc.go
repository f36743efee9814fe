// Package gossip is the engine of heartsay: one member's rounds, exchanges and verdicts.
//
// An [Engine] does no I/O, starts no goroutine, reads no clock, writes no log and owns no lock. The caller owns it
// from one goroutine and owes it this:
//
//   - call [Engine.Tick] at or just after the instant that the last [Outputs] named;
//   - hand every message that arrives to [Engine.Receive], or to [Engine.ReceiveOn] when it came on a stream that can
//     be answered;
//   - pass a time with a monotonic reading, that never goes back;
//   - do what the outputs say, in order. Messages are best effort and may be lost. It may give the outputs back then, by
//     [Engine.Reuse].
//
// The same seed and the same inputs give the same outputs, byte for byte.
//
// Where to find a rule of the protocol (docs/protocol.md tells them in full):
//
//	R3  owner only           self.go          R9  own stall         stall.go, cutoff.go, behind.go
//	R4  heartbeat            self.go          R10 forgetting        forget.go
//	R5  exchange             exchange.go      R11 healing           heal.go
//	R5  targets              targets.go       R12 join, news        join.go, news.go
//	R6  arrival              learn.go         R13 leave             leave.go
//	R7  phi                  calibrate.go     R14 names             join.go, conflict.go
//	R8  verdict              verdict.go       R15 bounds            learn.go, drops.go
//	R8  questions            asking.go        R16 versions          package wire
//	R8  opinions    doubt.go, evidence.go     R17 one packet        digest.go, reply.go, budget.go
//
// How much an unanswered question says: loss.go follows how many get lost, answers.go how long answers take.
//
// What an exchange tells: bucket.go deals members into buckets, digest.go tells their heartbeats in columns (package
// wire), newer.go and roster.go answer. Messages and their bytes are in package wire.
package gossip
