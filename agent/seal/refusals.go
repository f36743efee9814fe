package seal

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Refusal tells whose traffic was not let in, and why.
type Refusal struct {
	From   netip.AddrPort // port 0: of streams, which come from any
	Key    KeyID          // that it was sealed with, as far as it said; 0: none
	Reason string
	Count  uint64
	Last   time.Time
}

// refusals remembers whom an agent with keys did not let in of late: one line for each address and reason, the newest
// maxRefusals of them. Anybody can make lines with addresses of their choice, so they are a hint and no proof.
type refusals struct {
	mu    sync.Mutex
	lines []Refusal
}

const maxRefusals = 32

// notedReasons are those that tell of keys. Others tell of noise, and are counted only.
var notedReasons = []string{"plain", "key", "retired", "seal"}

// note counts a refusal.
func (r *refusals) note(from netip.AddrPort, key KeyID, why *OpenError, now time.Time) {
	if !slices.Contains(notedReasons, why.Reason) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.lines, func(l Refusal) bool { return l.From == from && l.Reason == why.Reason })
	if i < 0 {
		if i = len(r.lines); i == maxRefusals {
			i = r.oldest()
		} else {
			r.lines = append(r.lines, Refusal{})
		}
		r.lines[i] = Refusal{From: from, Reason: why.Reason}
	}
	r.lines[i].Key, r.lines[i].Last = key, now
	r.lines[i].Count++
}

func (r *refusals) oldest() int {
	least := 0
	for i, l := range r.lines {
		if l.Last.Before(r.lines[least].Last) {
			least = i
		}
	}
	return least
}

// list returns the refusals, the newest first.
func (r *refusals) list() []Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := slices.Clone(r.lines)
	slices.SortFunc(lines, func(a, b Refusal) int { return b.Last.Compare(a.Last) })
	return lines
}

// Refusals returns whom the sealer did not let in of late, the newest first.
func (s *Sealer) Refusals() []Refusal { return s.notes.list() }
