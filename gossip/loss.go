package gossip

import "math"

// loss follows how often a question to a member that lives stays unanswered, as this member sees it: what is lost on the
// way there and back, and its own trouble to send and to hear. Questions to members that turn out to be dead say nothing
// of it. It makes an unanswered question worth what it is: much where answers always come, next to nothing for a member
// that hears from nobody.
type loss struct {
	share    float64
	observed float64 // questions that share rests on, at most lossWindow
}

const (
	// leastLoss is what share is never taken to be below: a member may be busy for a moment where nothing is ever lost.
	leastLoss = 0.05

	// lossWindow is how many questions share follows, about.
	lossWindow = 64
)

// priorLoss is what is believed before anything was asked, with the weight of so many questions: too much rather than
// too little, since whoever expects answers that get lost accuses the living.
var priorLoss = loss{share: 0.5, observed: 4}

// unanswered takes note of n questions without an answer, to a member that lived.
func (l *loss) unanswered(n int) {
	for range n {
		l.observe(1)
	}
}

// answered takes note of a question that was answered.
func (l *loss) answered() { l.observe(0) }

func (l *loss) observe(lost float64) {
	l.observed = min(l.observed+1, lossWindow)
	l.share += (lost - l.share) / l.observed
}

// questions returns how many questions in a row have to stay unanswered until only one living member in 10^decades would
// have left them so.
func (l *loss) questions(decades float64) int {
	each := -math.Log10(min(max(l.share, leastLoss), 0.99))
	return int(math.Ceil(decades / each))
}
