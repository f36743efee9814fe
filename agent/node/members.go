package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"heartsay/agent/addr"
	"heartsay/api"
	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Members returns the view.
func (n *Node) Members(ctx context.Context) (api.Members, error) {
	s, err := n.Look(ctx)
	if err != nil {
		return api.Members{}, err
	}
	return s.members(&n.cfg), nil
}

// members returns the view as the API tells it.
func (s *Snapshot) members(cfg *Config) api.Members {
	all := api.Members{Cluster: cfg.Cluster, Self: cfg.Name, Members: make([]api.Member, len(s.Views))}
	for i, v := range s.Views {
		m := apiMember(v)
		if v.State.Present() && m.Name != cfg.Name {
			m.Path = api.PathUDP
			if s.onStream[m.Name] {
				m.Path = api.PathStream
			}
		}
		all.Members[i] = m
	}
	return all
}

// Self returns how the node is, as far as it knows: nothing of where it listens or of the process.
func (n *Node) Self(ctx context.Context) (api.Self, error) {
	s, err := n.Look(ctx)
	if err != nil {
		return api.Self{}, err
	}
	counts := n.countsWith(s.engineDrops)
	self := api.Self{
		Cluster: n.cfg.Cluster, Name: n.cfg.Name,
		Interval: n.cfg.Interval, Fanout: n.cfg.Fanout,
		Detector: n.cfg.Detector, SuspectPhi: s.suspect.Phi, DeadPhi: s.dead.Phi,
		Protocol: wire.Version, Started: n.started.UTC(), Epoch: n.ring.Epoch(), LastSeq: n.ring.Last(),
		Seeds: n.seeds.rows(), Stalls: s.Stalls, Stalled: s.Stalled, Counters: counts.Named(),
		States: map[api.State]int{}, Paths: map[string]int{api.PathUDP: 0, api.PathStream: 0},
	}
	if n.state != nil {
		self.StateFile = n.state.Path()
	}
	for _, state := range membership.States() {
		self.States[apiState(state)] = 0
	}
	for _, m := range s.members(&n.cfg).Members {
		self.States[m.State]++
		if m.Path != "" {
			self.Paths[m.Path]++
		}
		if m.Name == n.cfg.Name {
			self.Address, self.Incarnation, self.Heartbeat, self.Zone, self.Tags, self.Build = m.Address, m.Incarnation,
				m.Heartbeat, m.Zone, m.Tags, m.Build
		}
	}
	return self, nil
}

// wrong returns the error of a call whose arguments are wrong.
func wrong(format string, args ...any) error {
	return &api.Error{Code: api.CodeBadRequest, Message: fmt.Sprintf(format, args...)}
}

// Forget removes a member from the list of this node.
func (n *Node) Forget(ctx context.Context, name string, force bool) (api.ForgetResult, error) {
	return n.ForgetAll(ctx, api.ForgetRequest{Name: name, Force: force})
}

// ForgetAll removes members from the list of this node, all that r names or with an error none, and asks the others to if r
// says so.
func (n *Node) ForgetAll(ctx context.Context, r api.ForgetRequest) (api.ForgetResult, error) {
	forgotten := []string{}
	var fault error
	err := n.do(ctx, func(l *loop, now time.Time) {
		out, names, err := l.engine.ForgetAll(now, l.named(r), gossip.ForgetOptions{Force: r.Force, Everywhere: r.Everywhere})
		forgotten, fault = append(forgotten, names...), err
		l.apply(out, reply{})
	})
	if err != nil {
		return api.ForgetResult{}, err
	}
	switch {
	case errors.Is(fault, gossip.ErrUnknown):
		fault = &api.Error{Code: api.CodeNotFound, Message: fault.Error()}
	case errors.Is(fault, gossip.ErrPresent):
		fault = &api.Error{Code: api.CodeRefused, Message: fault.Error() + ", or give --force"}
	case fault != nil:
		fault = &api.Error{Code: api.CodeRefused, Message: fault.Error()}
	}
	return api.ForgetResult{Name: r.Name, Forgotten: len(forgotten) > 0, Names: forgotten}, fault
}

// named returns the names of the members that a request is about, each once.
func (l *loop) named(r api.ForgetRequest) []string {
	names := slices.Clone(r.Names)
	if r.Name != "" {
		names = append(names, r.Name)
	}
	for e, state := range l.engine.Entries() {
		if r.State != "" && apiState(state) == r.State && e.Record.Name != l.node.cfg.Name {
			names = append(names, e.Record.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Healthy returns nil when the loop turns.
func (n *Node) Healthy(ctx context.Context) error {
	return n.do(ctx, func(*loop, time.Time) {})
}

// Change is what a running node can change of itself. The zero value changes nothing.
type Change struct {
	SetTags       map[string]string
	DeleteTags    []string
	AddSeeds      []string
	RemoveSeeds   []string
	Suspect, Dead *Threshold
}

// Change changes all that c says, or with an error nothing, in one turn of the loop, and returns the tags that the
// member has then.
func (n *Node) Change(ctx context.Context, c Change) (tags map[string]string, err error) {
	for _, text := range c.AddSeeds {
		if _, err := addr.ParseSeed(text); err != nil {
			return nil, err
		}
	}
	var fault error
	if err := n.do(ctx, func(l *loop, now time.Time) { tags, fault = l.change(c, now) }); err != nil {
		return nil, err
	}
	if fault != nil {
		return nil, fault
	}
	for _, text := range c.RemoveSeeds {
		n.seeds.remove(text)
	}
	for _, text := range c.AddSeeds {
		_ = n.seeds.add(text) // it was read above
	}
	if len(c.RemoveSeeds)+len(c.AddSeeds) > 0 {
		n.saves.change()
	}
	return tags, nil
}

// change changes thresholds and tags. The tags are checked first, so that what is refused changes nothing.
func (l *loop) change(c Change, now time.Time) (map[string]string, error) {
	before := l.engine.Self().Record.Tags.Map()
	tags := changedTags(before, c.SetTags, c.DeleteTags)
	if err := membership.ValidateTags(membership.NewTags(tags)); err != nil {
		return nil, fmt.Errorf("tags: %w", err)
	}
	suspect, dead := l.suspect, l.dead
	if c.Suspect != nil {
		suspect = *c.Suspect
	}
	if c.Dead != nil {
		dead = *c.Dead
	}
	if suspect != l.suspect || dead != l.dead {
		out, err := l.engine.SetThresholds(now, suspect, dead)
		l.apply(out, reply{})
		if err != nil {
			return nil, err
		}
		l.suspect, l.dead = suspect, dead
	}
	if !maps.Equal(before, tags) {
		out, err := l.engine.SetTags(now, membership.NewTags(tags))
		l.apply(out, reply{})
		if err != nil {
			return nil, err
		}
	}
	return tags, nil
}

// changedTags returns tags with some set and some deleted.
func changedTags(tags, set map[string]string, remove []string) map[string]string {
	changed := make(map[string]string, len(tags)+len(set))
	maps.Copy(changed, tags)
	maps.Copy(changed, set)
	for _, key := range remove {
		delete(changed, key)
	}
	return changed
}

// Tags changes this member's tags and returns all that it has then. The change holds until the node ends. An error
// that is an [*api.Error] says what is wrong with the change; then nothing changed.
func (n *Node) Tags(ctx context.Context, change api.TagsRequest) (api.TagsResult, error) {
	for _, key := range change.Delete {
		if _, both := change.Set[key]; both {
			return api.TagsResult{}, wrong("the tag %q is to be set and to be deleted: choose one", key)
		}
	}
	tags, err := n.Change(ctx, Change{SetTags: change.Set, DeleteTags: change.Delete})
	switch {
	case errors.Is(err, errStopping), err != nil && ctx.Err() != nil:
		return api.TagsResult{}, err
	case err != nil:
		return api.TagsResult{}, wrong("%v", err)
	}
	return api.TagsResult{Tags: tags}, nil
}
