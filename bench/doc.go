// Package bench measures heartsay and memberlist side by side, in virtual time.
//
// One network (network.go, stream.go) carries both. It is a memberlist.Transport, so memberlist runs unmodified on it
// (memberlist.go) and heartsay runs as its real agent (heartsay.go). Faults are data (fault.go): the same seed draws the same
// members, moments and losses for both. What the members say is written into one ledger (ledger.go), from which the figures are
// counted. A [Bubble] holds one cluster (cluster.go): time passes only when nobody has anything to do, so a minute of a hundred
// members takes seconds, and a busy machine changes no figure.
//
// A scenario (scenarios.go) runs an experiment in several cases with several seeds. The experiments are in crash.go, loss.go,
// block.go and freeze.go (Lifeguard's), rapid.go (Rapid's), chitchat.go and align.go. [Measure] keeps what they found as rows of a
// file (results.go). [WriteDocuments] makes tables, targets, comparisons and plots of them (document.go and those beside it).
//
// What virtual time cannot show is a CPU that is too slow: members are starved by holding what they send and receive, or, for
// heartsay's engine in package sim, by stopping them.
//
// Package detectors, below, compares detectors and measures what Φ is worth; package document makes tables and plots. The program
// cmd/bench runs all of it.
package bench
