package ui

import "math"

// historySlots is how many seconds of suspicion a page can show of each member. A detector decides within seconds; two
// minutes show what was usual before.
const historySlots = 120

// noSample stands for a second in which the agent did not say.
const noSample = -1

// maxPhi bounds what is shown: beyond it Φ, of a member long dead, tells a person nothing more.
const maxPhi = 999.9

// phiHistory is Φ of one member in tenths, for the newest historySlots slots. A slot is a whole second since the board
// began. The zero value has no sample.
type phiHistory struct {
	values [historySlots]int16
	first  int64 // slot of the first sample ever
	last   int64 // slot of the newest sample; what is newer is not known
	any    bool
}

// put stores the sample of a slot, which is not before the newest. Slots in between are without sample.
func (h *phiHistory) put(slot int64, tenths int16) {
	if !h.any {
		h.any, h.first, h.last = true, slot, slot
	}
	for s := max(h.last+1, slot-historySlots); s < slot; s++ {
		h.values[s%historySlots] = noSample
	}
	h.last = slot
	h.values[slot%historySlots] = tenths
}

// list returns the samples up to slot, oldest first, always historySlots of them, with noSample for those not known.
func (h *phiHistory) list(slot int64) []int16 {
	list := make([]int16, historySlots)
	for i := range list {
		s := slot - historySlots + 1 + int64(i)
		list[i] = noSample
		if h.any && s >= h.first && s <= h.last && s > h.last-historySlots {
			list[i] = h.values[s%historySlots]
		}
	}
	return list
}

// phiTenths returns Φ in tenths, as far as it is shown.
func phiTenths(phi float64) int16 { return int16(tenths(min(phi, maxPhi))) }

// tenths returns v rounded to tenths; 0 for what is no number or negative.
func tenths(v float64) int64 {
	if math.IsNaN(v) || v <= 0 {
		return 0
	}
	return int64(math.Round(min(v, 1e12) * 10))
}
