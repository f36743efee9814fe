package gossip

import (
	"errors"
	"fmt"
	"time"

	"heartsay/phi"
)

// Config is how an engine runs. Start from [DefaultConfig].
type Config struct {
	Fanout     int // peers that a round exchanges with, ≥ 1
	NewsFanout int // peers that a changed record is pushed to at once, ≥ 1
	MaxPayload int // bytes of one encoded message in a packet at most, ≥ 1024
	Budget     int // bytes of a digest's columns at most, ≥ 64; a larger view takes turns; 0: 256

	Detector phi.Detector // how the ages of news are judged
	Suspect  Threshold    // when a silent member becomes suspect
	Dead     Threshold    // when a silent member becomes dead

	DeadGrace          time.Duration // how long the dead stay in the digest
	LeftGrace          time.Duration // how long those who left stay in the digest, so that all hear of it
	DeadRetention      time.Duration // how long the dead stay in the list
	LeftRetention      time.Duration // how long those who left stay in the list
	TombstoneRetention time.Duration // how long a forgotten member's tombstone stands
	MaxMembers         int           // members in the list, and tombstones, at most

	// OnWait, if not nil, gets each wait before the detector learns of it: how right was the suspicion? It must
	// not call the engine.
	OnWait func(Wait)
}

// Threshold is where suspicion turns into a verdict: at Phi, but at no shorter a silence than Min and no longer a one
// than Max.
type Threshold struct {
	Phi      float64
	Min, Max time.Duration
}

// DefaultConfig returns the values that hold for every profile. The thresholds' seconds are those of profile lan.
func DefaultConfig() Config {
	return Config{
		Fanout:             1,
		NewsFanout:         4,
		MaxPayload:         1200,
		Suspect:            Threshold{Phi: 8, Min: 2 * time.Second, Max: 10 * time.Second},
		Dead:               Threshold{Phi: 12, Min: 2750 * time.Millisecond, Max: 20 * time.Second},
		DeadGrace:          time.Minute,
		LeftGrace:          time.Minute,
		DeadRetention:      24 * time.Hour,
		LeftRetention:      10 * time.Minute,
		TombstoneRetention: 72 * time.Hour,
		MaxMembers:         16384,
	}
}

// Validate returns all that is wrong with c, joined, or nil. It changes nothing.
func (c Config) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(c.Fanout >= 1, "fanout is %d: at least 1 is needed", c.Fanout)
	check(c.NewsFanout >= 1, "news fanout is %d: at least 1 is needed", c.NewsFanout)
	check(c.MaxPayload >= 1024, "max payload is %d bytes: at least 1024 are needed", c.MaxPayload)
	check(c.Budget == 0 || c.Budget >= 64, "the budget of a digest is %d bytes: at least 64 are needed, or 0 for the usual 256", c.Budget)
	check(c.MaxMembers >= 1, "max members is %d: at least 1 is needed", c.MaxMembers)
	faults = append(faults, c.Suspect.validate("suspect"), c.Dead.validate("dead"))
	check(c.Dead.Phi >= c.Suspect.Phi, "dead phi %g is below suspect phi %g", c.Dead.Phi, c.Suspect.Phi)
	check(c.Dead.Min >= c.Suspect.Min, "dead minimum %s is below suspect minimum %s", c.Dead.Min, c.Suspect.Min)
	check(c.Dead.Max >= c.Suspect.Max, "dead maximum %s is below suspect maximum %s", c.Dead.Max, c.Suspect.Max)
	check(c.DeadGrace <= c.DeadRetention, "dead grace %s is longer than the retention %s", c.DeadGrace, c.DeadRetention)
	check(c.LeftGrace <= c.LeftRetention, "left grace %s is longer than the retention %s", c.LeftGrace, c.LeftRetention)
	offered := max(c.DeadRetention, c.LeftRetention) + max(c.DeadGrace, c.LeftGrace)
	check(c.TombstoneRetention >= 2*offered,
		"tombstone retention %s is below twice the %s that a forgotten member may still be offered", c.TombstoneRetention, offered)
	return errors.Join(faults...)
}

func (t Threshold) validate(name string) error {
	switch {
	case !(t.Phi > 0 && t.Phi <= 1000):
		return fmt.Errorf("%s phi is %g: above 0 and at most 1000 is needed", name, t.Phi)
	case t.Min <= 0 || t.Max < t.Min:
		return fmt.Errorf("%s silence is %s to %s: 0 < minimum ≤ maximum is needed", name, t.Min, t.Max)
	}
	return nil
}

// SetThresholds replaces the silences at which a member becomes suspect and dead, and judges everybody by the new ones
// at once. It makes nobody alive who is suspect: only an arrival does. The error says what is wrong with the
// thresholds; then nothing changed.
func (e *Engine) SetThresholds(now time.Time, suspect, dead Threshold) (Outputs, error) {
	e.enter(now)
	cfg := e.cfg
	cfg.Suspect, cfg.Dead = suspect, dead
	if err := cfg.Validate(); err != nil {
		return e.finish(), fmt.Errorf("set thresholds: %w", err)
	}
	e.cfg = cfg
	e.detector.forgetTimeouts()
	e.verdicts.next.at = e.clock.now
	e.verdicts.judgeAll()
	return e.finish(), nil
}
