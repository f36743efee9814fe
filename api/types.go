// Package api is the local API of a heartsay agent: the JSON that it speaks and a client for it. The agent serves it
// as HTTP on a Unix socket; see docs/protocol.md for how the words in it are meant.
//
// [New] returns a client. [Client.Members] asks once, [Client.Follow] yields all that happens from then on, over breaks
// and restarts of the agent, and [View] keeps what the events tell. [VerifyWebhook] is for those who receive webhooks.
package api

import "time"

// Members is the answer of GET /v1/members. Members is sorted by name and never null.
type Members struct {
	Cluster string   `json:"cluster"`
	Self    string   `json:"self"` // name of the agent that answers
	Members []Member `json:"members"`
}

// Member is what the agent that answers knows and thinks of one member.
type Member struct {
	Name           string            `json:"name"`
	Address        string            `json:"address"` // ip:port of its gossip
	State          State             `json:"state"`
	Phi            float64           `json:"phi"`                     // suspicion, dimensionless
	Timeout        time.Duration     `json:"timeout_seconds"`         // of silence, at which it is declared dead
	SuspectTimeout time.Duration     `json:"suspect_timeout_seconds"` // of silence, at which it becomes suspect
	Silence        time.Duration     `json:"silence_seconds"`         // age of its newest known heartbeat
	Incarnation    uint64            `json:"incarnation"`
	Heartbeat      uint64            `json:"heartbeat"`
	Zone           string            `json:"zone"`
	Build          string            `json:"build"`
	Tags           map[string]string `json:"tags"`                  // never null
	Since          time.Time         `json:"since"`                 // when it took this state
	LastDirect     *time.Time        `json:"last_direct,omitempty"` // its last message to this agent itself
	// Path is how this agent reaches a present member: PathUDP, or PathStream when only streams get answers. It is ""
	// for the agent itself, for those who are not present, and in events.
	Path string `json:"path,omitempty"`
}

// Paths by which a member is reached.
const (
	PathUDP    = "udp"
	PathStream = "stream"
)

// Event is one line of GET /v1/events. Seq counts from 1 within an epoch, without holes; a new epoch begins with
// each start of the agent.
type Event struct {
	Epoch  string    `json:"epoch"`
	Seq    uint64    `json:"seq"`
	Time   time.Time `json:"time"`
	Type   EventType `json:"type"`
	Member Member    `json:"member"`
	Reason string    `json:"reason"`
	// Members is set in an EventReset only: the whole view after which the events go on. Member is empty then.
	Members []Member `json:"members,omitempty"`
}

// StreamEnd is the last line of a stream of events that the agent ends: because it stops ([CodeUnavailable]), or
// because the reader took nothing for ten seconds ([CodeTooSlow]). A stream without it broke off. To go on without a
// hole, ask for what came after Epoch and Seq.
type StreamEnd struct {
	Epoch  string    `json:"epoch"`
	Seq    uint64    `json:"seq"`
	Type   EventType `json:"type"` // StreamEndType
	Code   string    `json:"code"`
	Reason string    `json:"reason"`
}

// StreamEndType is the type of a [StreamEnd]; no event has it.
const StreamEndType EventType = "end"

// CursorHeader is the header in which the answer to GET /v1/events says, as "EPOCH:SEQ", after which event the stream
// begins. A reader that is cut off before its first event goes on from there.
const CursorHeader = "Heartsay-Cursor"

// Self is the answer of GET /v1/self.
type Self struct {
	Cluster     string            `json:"cluster"`
	Name        string            `json:"name"`
	Address     string            `json:"address"` // advertised gossip address
	Bind        string            `json:"bind"`    // gossip address listened on
	API         string            `json:"api"`
	Profile     string            `json:"profile"`
	Interval    time.Duration     `json:"interval_seconds"`
	Fanout      int               `json:"fanout"`
	Detector    string            `json:"detector"`
	SuspectPhi  float64           `json:"suspect_phi"`
	DeadPhi     float64           `json:"dead_phi"`
	Incarnation uint64            `json:"incarnation"`
	Heartbeat   uint64            `json:"heartbeat"`
	Zone        string            `json:"zone"`
	Tags        map[string]string `json:"tags"` // never null
	Build       string            `json:"build"`
	Protocol    int               `json:"protocol"`
	PID         int               `json:"pid"`
	Started     time.Time         `json:"started"`
	Epoch       string            `json:"epoch"`    // of the events
	LastSeq     uint64            `json:"last_seq"` // of the events; 0 when there was none yet
	States      map[State]int     `json:"states"`   // members by state, all four states present
	Paths       map[string]int    `json:"paths"`    // present members by the path to them, both paths present
	Seeds       []Seed            `json:"seeds"`    // never null
	StateFile   string            `json:"state_file"`
	Stalls      uint64            `json:"stalls"`          // times that this agent noticed that it had stalled itself
	Stalled     time.Duration     `json:"stalled_seconds"` // how long they took in all
	Counters    map[string]uint64 `json:"counters"`        // packets, bytes and drops by reason; never null
	Goroutines  int               `json:"goroutines"`      // of the agent's process
	HeapBytes   uint64            `json:"heap_bytes"`      // of the agent's process, in use at its last garbage collection
}

// Seed is an address to join by, and how the last attempt went.
type Seed struct {
	Address   string     `json:"address"`
	Joined    bool       `json:"joined"` // the last attempt succeeded
	LastTried *time.Time `json:"last_tried,omitempty"`
	LastError string     `json:"last_error,omitempty"`
}

// JoinRequest is the body of POST /v1/join. The addresses are tried once, now. Those that let this agent in are kept as
// seeds from then on.
type JoinRequest struct {
	Addresses []string `json:"addresses"`
}

// JoinResult is the answer of POST /v1/join.
type JoinResult struct {
	Joined  int           `json:"joined"`  // addresses that answered and let this agent in
	Results []JoinAttempt `json:"results"` // one for each address asked for, in order
}

// JoinAttempt says how joining by one address went.
type JoinAttempt struct {
	Address string `json:"address"`
	Error   string `json:"error,omitempty"` // "" when it succeeded
}

// ForgetRequest is the body of POST /v1/forget.
type ForgetRequest struct {
	Name  string `json:"name"`
	Force bool   `json:"force"` // also a member that is alive or suspect
}

// ForgetResult is the answer of POST /v1/forget.
type ForgetResult struct {
	Name      string `json:"name"`
	Forgotten bool   `json:"forgotten"` // false: it had been forgotten before
}

// LeaveResult is the answer of POST /v1/leave. The agent exits after it.
type LeaveResult struct {
	Told int `json:"told"` // members that confirmed that they know
}

// Error is the body of every answer that is not 2xx. Code is for programs, Message for people.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Codes of [Error].
const (
	CodeBadRequest   = "bad_request"   // 400: the request is wrong; nothing changed
	CodeNotPermitted = "not_permitted" // 403: the caller may not do this
	CodeNotFound     = "not_found"     // 404: no such member or route
	CodeRefused      = "refused"       // 409: the agent declines, Message says why; nothing changed
	CodeUnavailable  = "unavailable"   // 503: the agent is leaving or not ready
	CodeInternal     = "internal"      // 500: the agent broke
	CodeTooSlow      = "too_slow"      // at the end of a stream only: its reader took nothing for too long
)
