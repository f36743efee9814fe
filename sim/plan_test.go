package sim

import (
	"testing"
	"time"
)

var lanSettings = Settings{
	Interval: 500 * time.Millisecond, Fanout: 1, Detector: "measured", MaxPacket: 1400,
	Suspect: Threshold{8, 2 * time.Second, 10 * time.Second},
	Dead:    Threshold{12, 3 * time.Second, 20 * time.Second},
}

func TestCandidatesStraddleTheGoal(t *testing.T) {
	g := PlanGoal{Members: 16, Simulated: 16, DetectWithin: 4 * time.Second, Latency: time.Millisecond, Seed: 1}
	quick, slow := map[int]bool{}, map[int]bool{}
	for _, c := range g.Candidates(lanSettings) {
		trial, err := c.Try(nil)
		if err != nil {
			t.Fatal(err)
		}
		quick[c.Fanout] = quick[c.Fanout] || !trial.TooSlow
		slow[c.Fanout] = slow[c.Fanout] || trial.TooSlow
	}
	for _, fanout := range []int{1, 2} {
		if !quick[fanout] || !slow[fanout] {
			t.Errorf("with fanout %d some are quick enough: %t, some are not: %t; want both", fanout, quick[fanout], slow[fanout])
		}
	}
}

func TestCandidatesStayWithinTheIntervalsThereAre(t *testing.T) {
	for _, within := range []time.Duration{time.Nanosecond, 1000 * time.Hour} {
		for _, c := range (PlanGoal{Members: 2, Simulated: 2, DetectWithin: within}).Candidates(lanSettings) {
			if c.Interval < planIntervals[0] || c.Interval > planIntervals[len(planIntervals)-1] {
				t.Errorf("for %s there is a candidate of %s", within, c.Interval)
			}
		}
	}
}

func TestBestIsTheCheapestThatFits(t *testing.T) {
	trial := func(bytes, p99 float64, slow, mistaken bool) Trial {
		r := Report{BytesPerMemberPerSecond: bytes, Detection: Detection{P99: &p99}}
		return Trial{Report: r, TooSlow: slow, Mistaken: mistaken}
	}
	trials := []Trial{
		trial(100, 1, true, false), trial(200, 1, false, true), trial(300, 2, false, false), trial(300, 1, false, false),
		trial(400, 1, false, false),
	}
	if got := Best(trials); got != 3 {
		t.Errorf("the best is number %d, want 3: the quicker of the cheapest that fit", got)
	}
	if got := Best(trials[:2]); got != -1 {
		t.Errorf("the best of those that do not fit is %d, want none", got)
	}
}

func TestTrialIsJudgedByItsReport(t *testing.T) {
	p99 := 2.0
	good := Report{BytesPerMemberPerSecond: 100, Detection: Detection{P99: &p99}}
	slow, missed, blind, dear, mistaken := good, good, good, good, good
	late := 3.5
	slow.Detection.P99, missed.Detection.Missed, blind.Detection.P99 = &late, 1, nil
	dear.BytesPerMemberPerSecond, mistaken.FalseDead = 101, 1
	c := Candidate{Members: 10, goal: PlanGoal{DetectWithin: 3 * time.Second, Budget: 100}}
	for _, r := range []Report{slow, missed, blind, dear, mistaken} {
		if c.judge(r).Fits() {
			t.Errorf("%+v fits", r)
		}
	}
	if !c.judge(good).Fits() {
		t.Error("a good report does not fit")
	}
}

func TestSettingsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, spoil := range []func(*Settings){
		func(s *Settings) { s.Fanout = 0 }, func(s *Settings) { s.Detector = "x" }, func(s *Settings) { s.MaxPacket = 100 },
		func(s *Settings) { s.Dead.Min = 0 },
	} {
		s := lanSettings
		spoil(&s)
		if _, err := NewScenario(4, 1, s); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
}
