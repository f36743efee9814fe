package api

import (
	"context"
	"maps"
	"net/http"
	"time"
)

// Members is the answer of GET /v1/members: whom the agent knows, and what it thinks of each.
type Members struct {
	Cluster string   `json:"cluster"`
	Self    string   `json:"self"`    // name of the agent that answers; it is in the list too
	Members []Member `json:"members"` // sorted by name, never null
}

// Member is what the agent that answers knows and thinks of one member. Other agents may think otherwise.
type Member struct {
	Name    string  `json:"name"`
	Address string  `json:"address"` // of its gossip, ip:port
	State   State   `json:"state"`
	Phi     float64 `json:"phi"` // suspicion, at least 0, dimensionless
	// Timeout and SuspectTimeout are the silences at which the member is declared dead and becomes suspect. They follow
	// from the heartbeats so far. For the agent itself, and for who left, they mean nothing.
	Timeout        time.Duration     `json:"timeout_seconds"`
	SuspectTimeout time.Duration     `json:"suspect_timeout_seconds"`
	Silence        time.Duration     `json:"silence_seconds"`       // age of its newest known heartbeat
	Incarnation    uint64            `json:"incarnation"`           // grows with each start of its agent
	Heartbeat      uint64            `json:"heartbeat"`             // grows within an incarnation
	Zone           string            `json:"zone"`                  // "": none
	Build          string            `json:"build"`                 // version of its agent
	Tags           map[string]string `json:"tags"`                  // never null
	Since          time.Time         `json:"since"`                 // when it took this state
	LastDirect     *time.Time        `json:"last_direct,omitempty"` // its last message to this agent itself; nil: none came
	// Path is how this agent reaches a present member: PathUDP, or PathStream when only streams get answers. It is ""
	// for the agent itself, for those who are not present, and in events.
	Path string `json:"path,omitempty"`
}

// SaysSame reports whether two views of a member agree in what it says of itself within one life, apart from its
// heartbeat: where they do not, an update tells so.
func (m Member) SaysSame(o Member) bool {
	return m.Address == o.Address && m.Zone == o.Zone && m.Build == o.Build && maps.Equal(m.Tags, o.Tags)
}

// Paths by which a member is reached.
const (
	PathUDP    = "udp"    // packets are answered
	PathStream = "stream" // only TCP streams are
)

// Members returns the agent's view of its cluster. The errors are those of [Client].
func (c *Client) Members(ctx context.Context) (Members, error) {
	m, err := call[Members](ctx, c, answerTime, http.MethodGet, "/v1/members", nil)
	if m.Members == nil {
		m.Members = []Member{}
	}
	return m, err
}

// JoinRequest is the body of POST /v1/join.
type JoinRequest struct {
	Addresses []string `json:"addresses"` // ip, [ip6] or name, each with :port or without
}

// JoinResult is the answer of POST /v1/join.
type JoinResult struct {
	Joined  int           `json:"joined"`  // addresses that answered and let this agent in
	Results []JoinAttempt `json:"results"` // one for each address asked for, in order; never null
}

// JoinAttempt says how joining by one address went.
type JoinAttempt struct {
	Address string `json:"address"`         // with its port
	Error   string `json:"error,omitempty"` // "" when it succeeded
}

// Join makes the agent try each address once, now. Those where it could join are its seeds from then on. That some or
// all failed is told in the result and is not an error. A text that is no address is an [*Error] with [CodeBadRequest];
// then none is tried.
func (c *Client) Join(ctx context.Context, addresses ...string) (JoinResult, error) {
	return call[JoinResult](ctx, c, networkTime, http.MethodPost, "/v1/join", JoinRequest{Addresses: addresses})
}

// ForgetRequest is the body of POST /v1/forget.
type ForgetRequest struct {
	Name       string   `json:"name"`
	Names      []string `json:"names,omitempty"`      // several
	State      State    `json:"state,omitempty"`      // all that are dead, or all that left
	Force      bool     `json:"force"`                // also those that are alive or suspect; not with Everywhere
	Everywhere bool     `json:"everywhere,omitempty"` // ask all other agents, too
}

// ForgetResult is the answer of POST /v1/forget.
type ForgetResult struct {
	Name      string   `json:"name"`            // of the request
	Forgotten bool     `json:"forgotten"`       // false: all had been forgotten before
	Names     []string `json:"names,omitempty"` // those forgotten now
}

// Forget makes the agent remove a member from its own list, at once. Other agents are not told: each forgets a dead
// member by itself after a while, or when it is asked as well ([Client.ForgetAll]). A member that lives comes back by itself. To forget one
// that was forgotten before changes nothing and is no error.
//
// Without force the agent declines for a member that is alive or suspect: an [*Error] with [CodeRefused]. A name that
// it never heard of is one with [CodeNotFound].
func (c *Client) Forget(ctx context.Context, name string, force bool) (ForgetResult, error) {
	return call[ForgetResult](ctx, c, answerTime, http.MethodPost, "/v1/forget", ForgetRequest{Name: name, Force: force})
}

// ForgetAll is [Client.Forget] for several members, with all choices: it removes all, or with an error none. With Everywhere the
// other agents are asked, too: each forgets those that it holds dead or left itself, and of which it knows no sign of life
// since. It is a request and no verdict, so a member that lives is not harmed.
func (c *Client) ForgetAll(ctx context.Context, r ForgetRequest) (ForgetResult, error) {
	return call[ForgetResult](ctx, c, answerTime, http.MethodPost, "/v1/forget", r)
}

// LeaveResult is the answer of POST /v1/leave.
type LeaveResult struct {
	Told int `json:"told"` // members that acknowledged the goodbye
}

// Leave makes the agent leave its cluster, with a goodbye, and exit. It returns when the goodbye was acknowledged, or after
// some seconds when it was not.
func (c *Client) Leave(ctx context.Context) (LeaveResult, error) {
	return call[LeaveResult](ctx, c, networkTime, http.MethodPost, "/v1/leave", struct{}{})
}
