package gossip

import (
	"fmt"
	"time"
)

// SetThresholds replaces the silences at which a member becomes suspect and dead, and judges everybody by the new ones
// at once. It makes nobody alive who is suspect: only an arrival does. The error says what is wrong with the
// thresholds; then nothing changed.
func (e *Engine) SetThresholds(now time.Time, suspect, dead Threshold) (Outputs, error) {
	e.enter(now)
	cfg := e.cfg
	cfg.Suspect, cfg.Dead = suspect, dead
	if err := cfg.Validate(); err != nil {
		return e.leaveWith(), fmt.Errorf("set thresholds: %w", err)
	}
	e.cfg, e.usual = cfg, limits{}
	e.nextVerdict = e.now
	e.judgeAll()
	return e.leaveWith(), nil
}
