package agent

import (
	"context"
	"time"

	"heartsay/api"
	"heartsay/gossip"
)

// route sends the bytes of a message. An answer goes back the way that the message came which it answers: so the asker
// learns which ways there are. Other messages go on a stream where that is the path, or in a packet. The loop calls it.
func (a *Agent) route(env gossip.Envelope, payload []byte) {
	switch {
	case a.via != nil && a.via.peer == env.To:
		a.put(a.via, payload)
		return
	case a.from == env.To:
		if len(a.outbox) < answersRoom {
			a.queuePacket(env.To, payload)
		} else {
			a.drops.count("outbox_full")
		}
		return
	}
	now := time.Now()
	request := env.Message.Request()
	key := pathKey(env.Message.Head().To, env.To)
	byStream := a.paths.byStream(key, now)
	if byStream {
		a.carry(key, env.To, payload, request, now)
	}
	switch {
	case !byStream:
		a.queuePacket(env.To, payload)
		if request {
			a.paths.ask(asked{key, env.To, now, payload})
		}
	case request && a.paths.probeDue(key, env.To, now):
		a.queuePacket(env.To, payload)
	}
}

// showPaths fills in by which path the present members are reached.
func (a *Agent) showPaths(ctx context.Context, members []api.Member) error {
	return a.do(ctx, func(now time.Time) {
		for i := range members {
			m := &members[i]
			if m.Name == a.cfg.Name || !m.State.Present() {
				continue
			}
			m.Path = api.PathUDP
			if a.paths.byStream(m.Name, now) {
				m.Path = api.PathStream
			}
		}
	})
}

// retryOnStreams repeats on streams the requests that no packet has answered in time.
func (a *Agent) retryOnStreams(now time.Time) {
	for _, r := range a.paths.unanswered(now) {
		way := a.paths.of(r.key, r.to, now)
		if !a.paths.worthAStream(way, now) || now.Before(way.next) {
			continue // or a stream led nowhere a short while ago
		}
		a.drops.count("path_unanswered")
		way.retried = a.carry(r.key, r.to, r.payload, true, now)
	}
	a.paths.forgetUnused(now)
}
