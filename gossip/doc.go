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
//	R3  owner only      self.go               R10 forgetting    retention.go, remembered.go
//	R4  heartbeat       self.go               R11 healing       peers_lost.go
//	R5  exchange        exchange.go           R12 join, news    names.go, rumours_news.go
//	R5  peers           peers.go              R13 leave         pending_goodbyes.go
//	R6  arrival         arrivals.go           R14 names         names.go, pending_names.go
//	R7  phi             detector.go           R15 bounds        arrivals.go, refusals.go, outputs.go, package wire
//	R8  verdict         verdict.go            R16 versions      package wire
//	R8  second opinion  suspicions.go         R17 one packet    exchange_digest.go, exchange_reply.go, outputs.go
//	R9  own stall       clock.go, verdict_isolation.go
//
// The engine is made of parts, each a struct with a file of its own, whose head says what the part's states are and who calls
// it: clock.go, self.go, outputs.go, detector.go, retention.go, refusals.go, remembered.go, peers.go, pending.go, suspicions.go,
// rumours.go, verdict.go and exchange.go. Files with a longer name belong to the part that the name begins with. What is left
// are engine.go, where an input begins and ends, and arrivals.go and names.go, where it goes through several parts.
//
// To follow a verdict, read verdict.go and then suspicions.go; verdict_probes.go, verdict_evidence.go and detector_timeouts.go
// hold the details. To follow a heartbeat from a message on, begin with exchange.go and arrivals.go.
package gossip
