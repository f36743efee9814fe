package agent

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"heartsay/agent/addr"
	"heartsay/agent/internal/state"
	"heartsay/api"
)

// Seeds are tried for ever (R11): at once, then with a back-off that doubles. One that leads to a present member is
// looked at again now and then, since a name may come to mean another host, and a partition may cut it off.
const (
	firstRetry    = 500 * time.Millisecond
	longestWait   = 30 * time.Second
	lookAgain     = 30 * time.Second
	lookWhenAlone = 5 * time.Second
	resolveTime   = 5 * time.Second
	savedTries    = 3 // remembered members tried at a time while nobody is known
)

// seed is an address to join by and how the attempts went. Its fields belong to seeds.mu.
type seed struct {
	addr.Seed
	joined  bool // the last attempt led to a member
	tried   time.Time
	err     error
	retry   time.Duration
	nextTry time.Time
	busy    bool // an attempt is under way
}

// seeds are what the agent knows of others before they are members.
type seeds struct {
	mu    sync.Mutex
	list  []*seed
	saved []netip.AddrPort // of members known in the life before
	retry time.Duration    // of the saved
	next  time.Time
	news  chan struct{} // holds something when a seed was added
}

// remember fills in the seeds of the configuration and of the life before. The error says which one is not an address.
func (s *seeds) remember(join []string, saved state.Saved, own netip.AddrPort) error {
	for _, text := range slices.Concat(join, saved.Seeds) {
		if err := s.add(text); err != nil {
			return err
		}
	}
	for _, m := range saved.Members {
		if address, err := netip.ParseAddrPort(m.Address); err == nil && address != own {
			s.saved = append(s.saved, address)
		}
	}
	return nil
}

// add keeps an address as a seed, once.
func (s *seeds) add(text string) error {
	parsed, err := addr.ParseSeed(text)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.ContainsFunc(s.list, func(other *seed) bool { return other.Seed == parsed }) {
		s.list = append(s.list, &seed{Seed: parsed, retry: firstRetry})
		select {
		case s.news <- struct{}{}:
		default: // there is news already
		}
	}
	return nil
}

// remove forgets a seed. An attempt that is under way goes on.
func (s *seeds) remove(text string) {
	parsed, err := addr.ParseSeed(text)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = slices.DeleteFunc(s.list, func(d *seed) bool { return d.Seed == parsed })
}

// due returns the seeds whose time has come, and marks them as busy until their attempt is noted. To an agent that is
// alone has nobody else to turn to: it tries them more often.
func (s *seeds) due(now time.Time, alone bool) []*seed {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []*seed
	for _, d := range s.list {
		if soon := d.tried.Add(lookWhenAlone); alone && soon.Before(d.nextTry) {
			d.nextTry = soon
		}
		if !d.busy && !now.Before(d.nextTry) {
			d.busy = true
			due = append(due, d)
		}
	}
	return due
}

// note writes down how an attempt went, and when the next one is. It reports whether the last one went otherwise.
func (s *seeds) note(d *seed, now time.Time, err error) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	news = d.tried.IsZero() || d.joined != (err == nil)
	d.tried, d.err, d.joined, d.busy = now, err, err == nil, false
	if d.joined {
		d.retry, d.nextTry = firstRetry, now.Add(jitter(lookAgain))
		return news
	}
	d.nextTry = now.Add(jitter(d.retry))
	d.retry = min(2*d.retry, longestWait)
	return news
}

// rest returns how long to do nothing: until the next seed is due, but not so long that it would not be noticed for half
// the time in which those who are alone look at their seeds that this agent is alone.
func (s *seeds) rest(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := lookWhenAlone / 2
	for _, d := range s.list {
		if !d.busy {
			rest = min(rest, d.nextTry.Sub(now))
		}
	}
	return max(rest, firstRetry/2)
}

// jitter spreads a wait over 75 to 125 % of it, so that a cluster that starts at once does not knock in step.
func jitter(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2) }

// seek tries the seeds, and the members remembered of the life before while nobody is known, until the agent ends.
func (a *Agent) seek() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-a.seeds.news:
		case <-a.loopEnded:
			return
		}
		now := time.Now()
		alone := !a.knowsOthers()
		for _, d := range a.seeds.due(now, alone) {
			a.running.Go(func() { a.noteSeed(d, a.trySeed(a.ending, d.Seed, false)) })
		}
		a.trySaved(now, alone)
		timer.Reset(a.seeds.rest(time.Now()))
	}
}

// noteSeed writes down an attempt, and says it when that is news. A name that another live agent holds ends an agent
// which is not in the cluster yet.
func (a *Agent) noteSeed(d *seed, err error) {
	news := a.seeds.note(d, time.Now(), err)
	var conflict *ConflictError
	switch {
	case errors.As(err, &conflict) && !a.knowsOthers():
		a.fail(conflict)
	case err != nil && a.ending.Err() == nil && news:
		a.log.Warn("seed does not answer, will be retried", "seed", d.Seed.String(), "error", err)
	case err == nil && news:
		a.log.Info("seed answers", "seed", d.Seed.String())
	}
}

// trySeed joins by a seed, unless it leads to a present member or to this agent itself; with force it does so even
// then.
func (a *Agent) trySeed(ctx context.Context, s addr.Seed, force bool) error {
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	addresses, err := s.Resolve(ctx, a.resolver)
	cancel()
	if err != nil {
		return err
	}
	present, own := a.presentAt()
	var faults []error
	for _, address := range addresses {
		switch {
		case address == own, address == a.wire.Local():
			err = nil
		case present[address] && !force:
			err = nil
		default:
			err = a.exchange(a.ending, address, true)
		}
		if err == nil {
			return nil
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// presentAt returns the addresses of the present members, and this agent's own.
func (a *Agent) presentAt() (present map[netip.AddrPort]bool, own netip.AddrPort) {
	present = map[netip.AddrPort]bool{}
	_ = a.do(a.ending, func(now time.Time) {
		for _, v := range a.engine.Snapshot(now) {
			if v.State.Present() && v.Record.Name != a.cfg.Name {
				present[v.Record.Address] = true
			}
		}
		own = a.engine.Self().Record.Address
	})
	return present, own
}

func (a *Agent) knowsOthers() (others bool) {
	_ = a.do(a.ending, func(time.Time) { others = a.engine.Others() > 0 })
	return others
}

// trySaved joins by members known in the life before, a few at a time, while nobody else is known.
func (a *Agent) trySaved(now time.Time, alone bool) {
	s := &a.seeds
	if len(s.saved) == 0 || now.Before(s.next) {
		return
	}
	if !alone {
		s.retry, s.next = firstRetry, now.Add(jitter(lookAgain))
		return
	}
	for range savedTries {
		address := s.saved[rand.IntN(len(s.saved))]
		err := a.exchange(a.ending, address, true)
		if err == nil {
			a.log.Info("rejoined by a member of the life before", "address", address)
			return
		}
		var conflict *ConflictError
		if errors.As(err, &conflict) {
			a.fail(conflict)
			return
		}
		a.log.Debug("member of the life before does not answer", "address", address, "error", err)
	}
	s.retry = min(max(2*s.retry, firstRetry), longestWait)
	s.next = now.Add(jitter(s.retry))
}

// Join joins by the addresses given, now, and keeps them as seeds. The error says that one of them is not an address;
// then none is used.
func (a *Agent) Join(ctx context.Context, addresses []string) (api.JoinResult, error) {
	result := api.JoinResult{Results: make([]api.JoinAttempt, len(addresses))}
	parsed := make([]addr.Seed, len(addresses))
	for i, text := range addresses {
		s, err := addr.ParseSeed(text)
		if err != nil {
			return api.JoinResult{}, &api.Error{Code: api.CodeBadRequest, Message: err.Error()}
		}
		parsed[i] = s
	}
	for i, s := range parsed {
		result.Results[i].Address = s.String()
		if err := a.trySeed(ctx, s, true); err != nil {
			result.Results[i].Error = err.Error()
			continue
		}
		result.Joined++
		if err := a.seeds.add(s.String()); err != nil {
			return result, fmt.Errorf("keep seed %s: %w", s, err)
		}
	}
	_ = a.do(ctx, func(time.Time) { a.save() })
	return result, nil
}

// apiSeeds returns how the seeds fare.
func (s *seeds) apiSeeds() []api.Seed {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]api.Seed, 0, len(s.list))
	for _, d := range s.list {
		row := api.Seed{Address: d.Seed.String(), Joined: d.joined}
		if !d.tried.IsZero() {
			tried := d.tried
			row.LastTried = &tried
		}
		if d.err != nil {
			row.LastError = d.err.Error()
		}
		list = append(list, row)
	}
	return list
}

// names returns the seeds as they are kept in the state file.
func (s *seeds) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.list))
	for _, d := range s.list {
		names = append(names, d.Seed.String())
	}
	return names
}
