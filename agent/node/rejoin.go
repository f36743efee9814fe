package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"heartsay/agent/addr"
	"heartsay/api"
)

// A node joins by one full exchange with a member (exchange.go). One goroutine, rejoin, looks for members for ever: it
// starts an attempt for each seed that is due, and while nobody is known one for a few remembered members. Attempts wait
// for nobody but their own address: a dead one holds up no other.
const (
	resolveTime   = 5 * time.Second
	savedAtOnce   = 3                      // remembered members that are tried at a time while nobody is known
	maxAttempts   = 64                     // attempts that are under way at a time
	addressesEach = 8                      // of them, of one seed whose name has many addresses
	nextAddress   = 250 * time.Millisecond // after which the next address of a name is tried beside the one before
)

// rejoin tries the seeds, and the members remembered of the life before while nobody is known, until the node ends.
func (n *Node) rejoin() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-n.seeds.news:
		case <-n.loopEnded:
			return
		}
		now := time.Now()
		alone := !n.knowsOthers()
		for _, d := range n.seeds.due(now, alone) {
			n.running.Go(func() { n.noteSeed(d, n.joinBy(n.ending, d.Seed, false)) })
		}
		if few := n.seeds.dueSaved(now, alone); len(few) > 0 {
			n.running.Go(func() { n.trySaved(few) })
		}
		timer.Reset(n.seeds.rest(time.Now()))
	}
}

// noteSeed writes down an attempt, and says it when that is news. A name that another live node holds ends a node which
// is not in the cluster yet.
func (n *Node) noteSeed(d *seed, err error) {
	news := n.seeds.note(d, time.Now(), err)
	var conflict *ConflictError
	switch {
	case errors.As(err, &conflict) && !n.knowsOthers():
		n.fail(conflict)
	case err != nil && n.ending.Err() == nil && news:
		n.log.Warn("seed does not answer, will be retried", "seed", d.Seed.String(), "error", err)
	case err == nil && news:
		n.log.Info("seed answers", "seed", d.Seed.String())
	}
}

// trySaved joins by one of a few members known in the life before.
func (n *Node) trySaved(few []netip.AddrPort) {
	address, err := n.joinAny(n.ending, few, 0)
	n.seeds.noteSaved(time.Now(), err)
	var conflict *ConflictError
	switch {
	case err == nil:
		n.log.Info("rejoined by a member of the life before", "address", address)
	case errors.As(err, &conflict):
		n.fail(conflict)
	default:
		n.log.Debug("members of the life before do not answer", "error", err)
	}
}

// joinBy joins by a seed, unless it leads to a present member or to this node itself; with force it does so even then.
func (n *Node) joinBy(ctx context.Context, s addr.Seed, force bool) error {
	resolving, cancel := context.WithTimeout(ctx, resolveTime)
	addresses, err := s.Resolve(resolving, n.resolver)
	cancel()
	if err != nil {
		return err
	}
	present, own := n.presentAt()
	there := false // one of the addresses needs no attempt; those before it come first
	for i, address := range addresses {
		if address == own || address == n.transport.Local() || present[address] && !force {
			addresses, there = addresses[:i], true
			break
		}
	}
	if len(addresses) > 0 {
		_, err = n.joinAny(ctx, addresses, nextAddress)
	}
	if there && ctx.Err() == nil {
		return nil
	}
	return err
}

// joinAny joins by one of several addresses and returns which. It tries them in their order, the next one when one has
// failed or has taken as long as patience, and calls off what is under way when one succeeds. The error joins those of
// all.
func (n *Node) joinAny(ctx context.Context, addresses []netip.AddrPort, patience time.Duration) (netip.AddrPort, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		address netip.AddrPort
		err     error
	}
	results := make(chan result, len(addresses))
	next, open := 0, 0
	timer := time.NewTimer(0)
	defer timer.Stop()
	var faults []error
	for next < len(addresses) || open > 0 {
		select {
		case <-timer.C:
		case r := <-results:
			open--
			if r.err == nil {
				return r.address, nil
			}
			faults = append(faults, r.err)
		case <-ctx.Done():
			return netip.AddrPort{}, context.Cause(ctx)
		}
		if next < len(addresses) && open < addressesEach {
			address := addresses[next]
			next++
			open++
			n.running.Go(func() { results <- result{address, n.attempt(ctx, address)} })
			timer.Reset(patience)
		}
	}
	return netip.AddrPort{}, errors.Join(faults...)
}

// attempt asks one address to be let in, when there is room for one more attempt.
func (n *Node) attempt(ctx context.Context, to netip.AddrPort) error {
	select {
	case n.seeds.attempts <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-n.seeds.attempts }()
	return n.exchange(ctx, to, true)
}

// presentAt returns the addresses of the present members, and this node's own.
func (n *Node) presentAt() (present map[netip.AddrPort]bool, own netip.AddrPort) {
	present = map[netip.AddrPort]bool{}
	_ = n.do(n.ending, func(l *loop, _ time.Time) {
		for e, state := range l.engine.Entries() {
			if state.Present() && e.Record.Name != n.cfg.Name {
				present[e.Record.Address] = true
			}
		}
		own = l.engine.Self().Record.Address
	})
	return present, own
}

func (n *Node) knowsOthers() (others bool) {
	_ = n.do(n.ending, func(l *loop, _ time.Time) { others = l.engine.Others() > 0 })
	return others
}

// Join joins by all of the addresses given, now, several at once, and returns how each attempt went. With keep it keeps
// those that led to a member as seeds, to be tried for ever. The error says that one of them is not an address; then
// none is used. What ctx cuts short is not kept.
func (n *Node) Join(ctx context.Context, addresses []string, keep bool) (api.JoinResult, error) {
	parsed := make([]addr.Seed, len(addresses))
	for i, text := range addresses {
		s, err := addr.ParseSeed(text)
		if err != nil {
			return api.JoinResult{}, &api.Error{Code: api.CodeBadRequest, Message: err.Error()}
		}
		parsed[i] = s
	}
	result := api.JoinResult{Results: make([]api.JoinAttempt, len(parsed))}
	ctx, done := n.until(ctx)
	defer done()
	var attempts sync.WaitGroup
	room := make(chan struct{}, addressesEach)
	for i, s := range parsed {
		attempts.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			result.Results[i] = attemptOf(s, n.joinBy(ctx, s, true))
		})
	}
	attempts.Wait()
	for i, r := range result.Results {
		if r.Error != "" {
			continue
		}
		result.Joined++
		if !keep {
			continue
		}
		if err := n.seeds.add(parsed[i].String()); err != nil {
			return result, fmt.Errorf("keep seed %s: %w", parsed[i], err)
		}
		n.saves.change()
	}
	return result, nil
}

// attemptOf returns an attempt as the API tells it.
func attemptOf(s addr.Seed, err error) api.JoinAttempt {
	a := api.JoinAttempt{Address: s.String()}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}
