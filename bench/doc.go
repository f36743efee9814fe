// Package bench measures heartsay and memberlist side by side, in virtual time. It has tests only.
//
// One network (network_test.go, stream_test.go) carries both. It is a memberlist.Transport, so memberlist runs
// unmodified on it and heartsay runs as its real agent, over agent.NewWire. Faults are data (fault_test.go): the same
// seed draws the same members, moments and losses for both. What the members say is written into one ledger
// (ledger_test.go), from which the figures are counted.
//
// A cluster lives in a bubble of testing/synctest: time passes only when nobody has anything to do, so a minute of a
// hundred members takes seconds, and a busy machine changes no figure. What virtual time cannot show is a CPU that is
// too slow: members are starved by holding what they send and receive, or, for heartsay's engine in package sim, by
// stopping them.
//
//	go test ./bench                                       a quick part, which asserts safety and ratios
//	go test ./bench -run TestFull -full all -timeout 12h  everything, into testdata/results.json
//	go test ./bench -run TestDocument -write              docs/benchmarks.md and its plots, from testdata/results.json
package bench
