package main

import (
	"context"
	"maps"
	"os"
	"slices"
	"time"

	"heartsay/api"
)

// patience is how long somebody who pressed a key waits for the agent.
const patience = 500 * time.Millisecond

// client returns a client of the agent that the line names.
func (p *proposals) client() (*api.Client, context.Context, func(), error) {
	url := os.Getenv("HEARTSAY_API")
	if url == "" {
		url = api.DefaultURL()
	}
	for _, f := range p.flags {
		if f.name == "api" && f.hasValue {
			url = f.value
		}
	}
	client, err := api.New(url)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	return client, ctx, cancel, err
}

// members returns the agent's view; without an agent, none.
func (p *proposals) members() []api.Member {
	client, ctx, cancel, err := p.client()
	defer cancel()
	if err != nil {
		return nil
	}
	view, err := client.Members(ctx)
	if err != nil {
		return nil
	}
	return view.Members
}

func (p *proposals) memberNames() (names []string) {
	for _, m := range p.members() {
		names = append(names, m.Name)
	}
	return names
}

func (p *proposals) ownTags() []string {
	client, ctx, cancel, err := p.client()
	defer cancel()
	if err != nil {
		return nil
	}
	result, err := client.Tags(ctx, api.TagsRequest{})
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(result.Tags))
}
