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
// A [Window] holds the last waits of one member in 184 bytes. A [Pool] follows the waits of all members together.
// Both give [Moments], which add up ([Moments.Plus]), also with those of a prior ([Summary.Weighted]), and condense
// to a [Summary]: mean and standard deviation. A [Family] of distributions turns a Summary and a wait into Φ, and Φ
// back into the wait that reaches it, which is the time-out.
//
// # Why the logistic distribution is the default
//
// Heartbeats arrive by gossip, so a wait is not the delay of a packet but the time an epidemic takes to reach the
// observer. The share of members that know a new heartbeat grows along the logistic curve: it multiplies while few
// know, and the members that do not know yet die out exponentially at the end. The age at which an observer chosen
// at random hears the news has that curve for its distribution, so its tail is exponential. The tail of the normal
// distribution is far thinner: with lost messages it takes a wait of 1 in 10^6 for one of 1 in 10^10 to 10^12.
//
// Measured peak ages, and how far each family's Φ lies above (+, too suspicious) or below (−, too patient) the true
// value at the wait that one in 10^k exceeds. Source: simulated relayed counters, push-pull with fanout random
// members per interval, shuffled targets, instantaneous links; the waits themselves stand in logistic_test.go.
//
//	                                 logistic             normal
//	members fanout loss         k = 3    5    6      k = 3    5    6
//	   1000      1   0          −0.71 −1.92 −2.58    −0.27 −0.65 −0.86
//	   1000      1  10 %        −0.15 −0.31 −0.47    +0.82 +3.89 +5.96
//	   1000      1  30 %        +0.02 −0.18 −0.41    +1.19 +4.32 +6.19
//	    100      1   0          −0.68 −1.84 −2.41    −0.21 −0.47 −0.40
//	    100      1  10 %        −0.23 −0.75 −0.87    +0.66 +2.47 +4.44
//	    100      1  30 %        +0.03 −0.05    –     +1.21 +4.78    –
//	     10      1   0          −0.47 −1.44 −1.73    +0.18 +0.52 +1.54
//	     10      1  30 %        +0.22 +0.17    –     +1.66 +5.58    –
//	   1000      2   0          −0.50 −1.61 −2.25    +0.11 +0.09 +0.02
//	   1000      2  30 %        +0.01 −0.32 −0.62    +1.19 +3.86 +5.36
//
// The logistic distribution errs by at most 0.22 on the side of suspicion. Where nothing is lost the pulls cut the
// tail shorter than exponential, and it is too patient: with 1000 members it takes 10.5 intervals for the wait that
// one in 10^6 exceeds, where 8.1 were enough. What lies beyond 10^6 was not measured.
package phi
