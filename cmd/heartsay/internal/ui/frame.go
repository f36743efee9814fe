package ui

import (
	"time"

	"heartsay/api"
)

// frame is one message to a page: what changed since the one before, or all when Full. Times are Unix milliseconds,
// Φ and silences tenths, so that a thousand members are some tens of kilobytes a second. page/model.js reads it.
type frame struct {
	Full    bool          `json:"full,omitempty"`
	Now     int64         `json:"now"`
	Slot    int64         `json:"slot"` // of the newest samples, see phiHistory
	Agent   *agentStatus  `json:"agent,omitempty"`
	Cluster string        `json:"cluster,omitempty"`
	Self    *api.Self     `json:"self,omitempty"`
	Members []memberFrame `json:"members,omitempty"` // the new ones, and those of whom more changed than a sample tells
	Gone    []int         `json:"gone,omitempty"`    // numbers of the forgotten
	Samples []sample      `json:"samples,omitempty"`
	Lines   []logLine     `json:"lines,omitempty"` // of the event log, oldest first
	Ended   bool          `json:"ended,omitempty"` // heartsay ui was told to end
}

// agentStatus says whether the agent answers.
type agentStatus struct {
	Reachable bool   `json:"reachable"`
	Since     int64  `json:"since"` // since when that is so
	Error     string `json:"error,omitempty"`
	Took      int64  `json:"took"` // milliseconds that the newest answer took
}

// memberFrame is what of a member changes seldom.
type memberFrame struct {
	ID          int               `json:"id"` // counts up in one run of heartsay ui; never used again
	Name        string            `json:"name"`
	Address     string            `json:"address"`
	State       api.State         `json:"state"`
	Since       int64             `json:"since"`
	Incarnation uint64            `json:"incarnation"`
	Zone        string            `json:"zone"`
	Build       string            `json:"build"`
	Tags        map[string]string `json:"tags"`
	Phi         []int16           `json:"phi,omitempty"` // the history, for a page that does not have it
}

// sample is what changes all the time: number of the member, Φ and silence in tenths, heartbeat, tenths of a second
// since its last message to this agent itself, -1 for none, and the silences at which it becomes suspect and dead, which
// the agent keeps learning, in tenths too.
type sample [7]int64

// logLine is one line of the event log.
type logLine struct {
	Time   int64         `json:"time"`
	Type   api.EventType `json:"type"`
	Name   string        `json:"name,omitempty"`
	Reason string        `json:"reason,omitempty"`
	Gap    bool          `json:"gap,omitempty"` // events before this line were lost
}

// newMemberFrame returns what of m changes seldom.
func newMemberFrame(id int, m api.Member) memberFrame {
	return memberFrame{
		ID: id, Name: m.Name, Address: m.Address, State: m.State, Since: unixMilli(m.Since),
		Incarnation: m.Incarnation, Zone: m.Zone, Build: m.Build, Tags: m.Tags,
	}
}

func newSample(id int, m api.Member, now time.Time) sample {
	direct := int64(-1)
	if m.LastDirect != nil {
		direct = tenths(now.Sub(*m.LastDirect).Seconds())
	}
	return sample{int64(id), int64(phiTenths(m.Phi)), tenths(m.Silence.Seconds()), int64(m.Heartbeat), direct,
		tenths(m.SuspectTimeout.Seconds()), tenths(m.Timeout.Seconds())}
}

// unixMilli returns t for a page, 0 when it is not known.
func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
