// Package phi turns waits into suspicion: the accrual failure detector's mathematics, and nothing else. It is pure:
// no clock, no I/O, no lock, no goroutine. Rule R7 of docs/protocol.md is implemented here.
//
// A wait is how long an observer went without news, measured the same way each time. heartsay measures it in
// intervals of the subject, and takes the age that the newest known heartbeat had reached just before the next one
// arrived ("peak age"). Suspicion is
//
//	Φ(wait) = −log10 P(X > wait)
//
// where X is the wait that precedes the next arrival while all is well. Φ is dimensionless: 3 says that one wait in
// 1000 is longer, 8 that one in a hundred million is [Hayashibara et al., "The φ accrual failure detector", 2004].
//
// # The parts
//
// A [Model] is one for each observer, and learns from the waits of all members: it keeps a histogram of them, and fits
// a curve to it with a tail of two parameters. It gives Φ of a wait, and the wait that reaches a Φ, which is the
// time-out. [MemberStats] are one for each member, in 12 bytes. They have no effect unless the member is slower than the
// others beyond chance.
//
// A [Detector] chooses how the model judges: by what it has measured, the default, or by a [Family] of the textbook
// ([Normal], [Exponential], [Logistic]) with the mean and standard deviation ([Summary]) that were seen.
//
// # Why measured
//
// Heartbeats arrive by gossip, so a wait is not the delay of a packet but the time an epidemic takes to reach the
// observer. Its tail is exponential where messages are lost, and much thinner where none are, since then every pull
// brings the news; how it looks between depends on the number of members, the fanout, the budget of a digest and the
// loss. No family of two parameters has all these tails. Measured peak ages of simulated relayed counters (push-pull
// with whole digests), and how far each family's Φ lies above (+, too suspicious) or below (−, too patient) the true
// value at the wait that one in 10^k exceeds:
//
//	                                 logistic             normal
//	members fanout loss         k = 3    5    6      k = 3    5    6
//	   1000      1   0          −0.71 −1.92 −2.58    −0.27 −0.65 −0.86
//	   1000      1  30 %        +0.02 −0.18 −0.41    +1.19 +4.32 +6.19
//	    100      1   0          −0.68 −1.84 −2.41    −0.21 −0.47 −0.40
//	    100      1  30 %        +0.03 −0.05    –     +1.21 +4.78    –
//	     10      1   0          −0.47 −1.44 −1.73    +0.18 +0.52 +1.54
//	     10      1  30 %        +0.22 +0.17    –     +1.66 +5.58    –
//
// The waits themselves stand in logistic_test.go. What the model's Φ is worth is measured by the test
// TestPhiMeansTheShareOfSilencesThatPassIt of package sim. What lies beyond 10^6 was not measured: there Φ continues
// the tail, thickened by what is not known about it.
package phi
