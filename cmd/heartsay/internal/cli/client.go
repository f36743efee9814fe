package cli

import (
	"heartsay/agent"
	"heartsay/api"
)

// APIFlag returns the flag that says where the agent's API is.
func APIFlag() Flag {
	return Flag{Name: "api", Default: api.DefaultURL(), Usage: "the agent's API is at `URL`, unix:///path or http://IP:PORT"}
}

// WithAPI returns flags with those behind them that newClient reads.
func WithAPI(flags ...Flag) []Flag {
	return append(flags, APIFlag(), Text("token-file", "", "the token for an API over TCP is in `FILE`"))
}

// NewClient returns a client of the agent that the flags name.
func NewClient(l *Line) (*api.Client, error) {
	var options []api.Option
	if api.IsTCP(l.String("api")) {
		if !l.IsSet("token-file") {
			return nil, UsageError("%s %q: the API over TCP asks for a token: give --token-file", l.Origin("api"),
				l.String("api"))
		}
		token, err := agent.ReadToken(l.String("token-file"))
		if err != nil {
			return nil, UsageError("%s: %v", l.Origin("token-file"), err)
		}
		options = append(options, api.WithToken(token))
	}
	client, err := api.New(l.String("api"), options...)
	if err != nil {
		return nil, UsageError("%s: %v", l.Origin("api"), err)
	}
	return client, nil
}

// members returns the agent's view for proposals; without an agent, none.
func members(c *Call) []api.Member {
	client, err := NewClient(c.Line)
	if err != nil {
		return nil
	}
	view, err := client.Members(c.Context)
	if err != nil {
		return nil
	}
	return view.Members
}

// MemberNames proposes the names of the members that the agent knows.
func MemberNames(c *Call) (all []Proposal) {
	for _, m := range members(c) {
		all = append(all, Proposal{Text: m.Name})
	}
	return all
}

// MemberAddresses proposes their addresses.
func MemberAddresses(c *Call) (all []Proposal) {
	for _, m := range members(c) {
		all = append(all, Proposal{m.Address, m.Name})
	}
	return all
}
