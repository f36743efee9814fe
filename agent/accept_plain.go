package agent

import "time"

// warnEvery is how often the log says that what is not sealed is accepted.
const warnEvery = 10 * time.Minute

// acceptsPlainUntil returns until when the agent accepts what is not sealed although it has keys, nil when it does not.
func (a *Agent) acceptsPlainUntil(now time.Time) *time.Time {
	if a.mixed == nil || !now.Before(a.mixed.Until()) {
		return nil
	}
	until := a.mixed.Until().UTC()
	return &until
}

// plainAccepted returns how much that was not sealed the agent has accepted although it has keys.
func (a *Agent) plainAccepted() uint64 {
	if a.mixed == nil {
		return 0
	}
	return a.mixed.Plain()
}

// warnOfPlain says again and again that what is not sealed is accepted, until that is over or the agent ends.
func (a *Agent) warnOfPlain() {
	remind := time.NewTicker(warnEvery)
	defer remind.Stop()
	over := time.NewTimer(time.Until(a.mixed.Until()))
	defer over.Stop()
	for {
		a.log.Warn("what is not sealed is accepted: anybody who reaches this port can read and forge gossip; restart without "+
			"--accept-plain once all agents have the key", "until", a.mixed.Until().UTC().Format(time.RFC3339), "accepted",
			a.mixed.Plain())
		select {
		case <-remind.C:
		case <-over.C:
			a.log.Info("what is not sealed is no longer accepted", "accepted", a.mixed.Plain())
			return
		case <-a.Done():
			return
		}
	}
}
