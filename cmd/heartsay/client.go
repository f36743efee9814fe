package main

import (
	"heartsay/agent"
	"heartsay/api"
)

// apiFlag returns the flag that says where the agent's API is.
func apiFlag() Flag {
	return Flag{Name: "api", Default: api.DefaultURL(), Usage: "the agent's API is at `URL`, unix:///path or http://IP:PORT"}
}

// withAPI returns flags with those behind them that newClient reads.
func withAPI(flags ...Flag) []Flag {
	return append(flags, apiFlag(), Text("token-file", "", "the token for an API over TCP is in `FILE`"))
}

// newClient returns a client of the agent that the flags name.
func newClient(l *Line) (*api.Client, error) {
	var options []api.Option
	if api.IsTCP(l.String("api")) {
		if !l.IsSet("token-file") {
			return nil, usageError("%s %q: the API over TCP asks for a token: give --token-file", l.Origin("api"),
				l.String("api"))
		}
		token, err := agent.ReadToken(l.String("token-file"))
		if err != nil {
			return nil, usageError("%s: %v", l.Origin("token-file"), err)
		}
		options = append(options, api.WithToken(token))
	}
	client, err := api.New(l.String("api"), options...)
	if err != nil {
		return nil, usageError("%s: %v", l.Origin("api"), err)
	}
	return client, nil
}

// members returns the agent's view for proposals; without an agent, none.
func members(c *Call) []api.Member {
	client, err := newClient(c.Line)
	if err != nil {
		return nil
	}
	view, err := client.Members(c.Context)
	if err != nil {
		return nil
	}
	return view.Members
}

// memberNames proposes the names of the members that the agent knows.
func memberNames(c *Call) (all []Proposal) {
	for _, m := range members(c) {
		all = append(all, Proposal{Text: m.Name})
	}
	return all
}

// memberAddresses proposes their addresses.
func memberAddresses(c *Call) (all []Proposal) {
	for _, m := range members(c) {
		all = append(all, Proposal{m.Address, m.Name})
	}
	return all
}
