package addr

import (
	"fmt"
	"net/netip"
	"time"
)

// How long something has to be so before it counts. An interface that is set up anew has no address for a moment.
const (
	goneFor   = time.Second      // the advertised address is gone
	betterFor = 10 * time.Second // another one would be chosen now, though it is still there
)

// Watch judges, look after look, whether the advertised address is still right. A chosen one changes when the host has lost
// it, or when for a while another one would be chosen at a start: a network that came up late. A given one never changes:
// when the host had it and has lost it, that is a fault. It is made by [NewWatch], and belongs to one goroutine.
type Watch struct {
	local netip.AddrPort
	now   Advertised
	had   bool       // the host has had the address at some look
	gone  bool       // the host has lost it
	next  netip.Addr // what would be chosen in its place; zero: nothing, or nothing else
	since time.Time  // gone and next are so
	fault string     // what is wrong with the address
}

// NewWatch returns a watch of an address that was chosen or given at the look s, for an agent that listens on local.
func NewWatch(a Advertised, local netip.AddrPort, s Survey) *Watch {
	return &Watch{local: local, now: a, had: s.has(a.Address.Addr())}
}

// Settled reports whether the last look found nothing to change. Then it is enough to look for the address alone, see [Has].
func (w *Watch) Settled() bool { return !w.gone && !w.next.IsValid() }

// Address returns the address that is watched.
func (w *Watch) Address() netip.Addr { return w.now.Address.Addr() }

// Judge judges a look, and returns the address from now on, whether that is another one than before, and what is wrong with
// one that stays, "" when nothing is.
func (w *Watch) Judge(now time.Time, s Survey) (a Advertised, moved bool, fault string) {
	if s.Err != nil {
		return w.now, false, w.fault
	}
	here := s.has(w.Address())
	w.had = w.had || here
	next, ok := w.instead(s, here)
	if gone := !here && w.had; gone != w.gone || next.ip != w.next {
		w.gone, w.next, w.since = gone, next.ip, now
	}
	if here {
		w.fault = ""
		if w.now.Given {
			w.now.Doubt = ""
		}
	}
	switch lasts := now.Sub(w.since); {
	case ok && (!here && lasts >= goneFor || lasts >= betterFor):
		*w = Watch{local: w.local, now: next.advertised(w.local.Port()), had: true}
		return w.now, true, ""
	case w.gone && !ok && lasts >= goneFor:
		w.fault = fmt.Sprintf("this host has lost the address %s that others are told", w.Address())
		if !w.now.Given {
			w.fault += ", and has no other that they could reach"
		}
	}
	return w.now, false, w.fault
}

// instead returns what would be chosen in place of the address, if that is better than one that is here, or good enough in
// place of one that is gone: at one of a bridge others would not find the member, unless they did before.
func (w *Watch) instead(s Survey, here bool) (candidate, bool) {
	if w.now.Given {
		return candidate{}, false
	}
	worst := max(w.now.rank, inVeth)
	if here {
		worst = s.rankOf(w.Address()) - 1
	}
	best, ok := s.best(w.local.Addr().Unmap().Is4())
	if !ok || best.ip == w.Address() || best.rank > worst {
		return candidate{}, false
	}
	return best, true
}
