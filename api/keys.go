package api

import (
	"context"
	"net/http"
	"time"
)

// Keys is the answer of GET /v1/keys: which keys the agent has, which keys the other members use, and what traffic was
// refused. It names keys by their ids and never shows one.
type Keys struct {
	Sealed  bool         `json:"sealed"`   // false: the agent has no key, all else is empty
	KeyFile string       `json:"key_file"` // absolute path
	Keys    []Key        `json:"keys"`     // never null; the one that seals first
	Retired []RetiredKey `json:"retired"`  // never null
	Members []KeyUse     `json:"members"`  // never null, by name, this agent left out
	Refused []Refusal    `json:"refused"`  // never null, the newest first
}

// Key is one of the agent's keys.
type Key struct {
	ID    string `json:"id"`    // eight hexadecimal digits
	Seals bool   `json:"seals"` // it seals what the agent sends; every key opens what comes
}

// RetiredKey is a key that was removed.
type RetiredKey struct {
	ID   string `json:"id"`
	Date string `json:"date"` // of the removal, YYYY-MM-DD
}

// KeyUse is what is known of the keys of a member.
type KeyUse struct {
	Name    string     `json:"name"`
	Address string     `json:"address"`
	State   State      `json:"state"`
	Seals   string     `json:"seals"`           // id of the key of its last packet; "": none came
	Holds   []string   `json:"holds"`           // ids of the keys that it opens with, as it answered; never null
	Asked   bool       `json:"asked"`           // it answered the question for its keys just now
	Heard   *time.Time `json:"heard,omitempty"` // when its last packet came; nil: none came
}

// Refusal is traffic that was refused. The address of a packet can be forged, so a refusal is only a hint.
type Refusal struct {
	Address string    `json:"address"` // of packets with its port, of streams without
	Member  string    `json:"member"`  // the one with that address, "" when there is none
	Key     string    `json:"key"`     // id of the key that it named, "" when it named none
	Reason  string    `json:"reason"`  // retired, key, seal or plain
	Count   uint64    `json:"count"`
	Last    time.Time `json:"last"` // when the newest came
}

// Keys returns which keys the agent and the others use. The agent asks the others, which takes up to a second.
func (c *Client) Keys(ctx context.Context) (Keys, error) {
	return call[Keys](ctx, c, answerTime, http.MethodGet, "/v1/keys", nil)
}

// ReloadKeys makes the agent read its key file again. A file that is no key file is an [*Error] with [CodeRefused]; then
// the agent's keys stay as they are.
func (c *Client) ReloadKeys(ctx context.Context) error {
	_, err := call[struct{}](ctx, c, answerTime, http.MethodPost, "/v1/keys/reload", struct{}{})
	return err
}
