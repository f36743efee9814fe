package detectors

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"heartsay/gossip"
	"heartsay/membership"
	"heartsay/phi"
	"heartsay/sim"
)

// cell is a cluster whose waits are judged.
type cell struct {
	Members int
	Loss    float64
	Fanout  int
	Budget  int // bytes of a digest: a view of more than some 0.6 B a member takes turns
	Seed    uint64
}

func (c cell) String() string {
	return fmt.Sprintf("%d members, loss %g, fanout %d, budget %d, seed %d", c.Members, c.Loss, c.Fanout, c.Budget, c.Seed)
}

// observers returns of how many members the waits are recorded: of all, or of 125 of 1000, spread over the ring.
func (c cell) observers() int { return min(c.Members, 125) }

// window is the intervals in which waits are judged. Those before it only teach.
type window struct{ From, To int }

// windows returns when the waits of a cell are judged, the last when there was time to learn. 1000 members are judged before
// too: what the model cannot know yet of a cluster as large shows there.
func (c cell) windows() []window {
	switch {
	case c.Members <= 10:
		return []window{{600, 60_600}}
	case c.Members <= 100:
		return []window{{300, 2300}}
	}
	return []window{{100, 200}, {200, 400}, {400, 700}}
}

// intervals returns how long a cell lives.
func (c cell) intervals() int {
	w := c.windows()
	return w[len(w)-1].To
}

// heardOf is one wait: the age that the newest heartbeat of a subject had reached when the next arrived.
type heardOf struct {
	Age     float32 // intervals
	Subject uint16
	After   uint16 // milliseconds since the observer's wait before it; 0: by the same message
}

// packed returns the wait as it stands in a file.
func (h heardOf) packed() uint64 {
	return uint64(math.Float32bits(h.Age)) | uint64(h.Subject)<<32 | uint64(h.After)<<48
}

// unpacked is the inverse of packed.
func unpacked(p uint64) heardOf {
	return heardOf{Age: math.Float32frombits(uint32(p)), Subject: uint16(p >> 32), After: uint16(p >> 48)}
}

// recording is all waits that each observer of a cell saw end, in order. What a detector would have said of them can be
// worked out in seconds, again and again: no verdict was passed meanwhile, so none has changed what came next.
type recording [][]heardOf

// record runs a cell. The members know each other from the start.
func (c cell) record() recording {
	const interval = 500 * time.Millisecond
	g := gossip.DefaultConfig()
	g.Fanout, g.Budget = c.Fanout, c.Budget
	g.Suspect = gossip.Threshold{Phi: 100, Min: time.Hour, Max: time.Hour}
	g.Dead = g.Suspect
	step := c.Members / c.observers()
	subjects, observers := map[string]uint16{}, map[string]int{}
	for i := range c.Members {
		subjects[sim.Name(i)] = uint16(i)
		if i%step == 0 && len(observers) < c.observers() {
			observers[sim.Name(i)] = len(observers)
		}
	}
	r, last := make(recording, len(observers)), make([]time.Time, len(observers))
	g.OnWait = func(w gossip.Wait) {
		o, ok := observers[w.Observer]
		if !ok {
			return
		}
		after := uint16(0)
		if d := w.At.Sub(last[o]); last[o].IsZero() {
			after = uint16(w.At.Sub(sim.Epoch).Milliseconds())
		} else if d > 0 {
			after = uint16(min(max(d.Milliseconds(), 1), math.MaxUint16))
		}
		last[o] = w.At
		r[o] = append(r[o], heardOf{Age: float32(w.Age), Subject: subjects[w.Subject], After: after})
	}
	s := sim.New(sim.Config{Seed: c.Seed, Interval: interval, Gossip: g,
		Network: sim.Network{Latency: time.Millisecond, Jitter: 2 * time.Millisecond, Loss: c.Loss}})
	s.BootSettled(c.Members, interval, func([]membership.Entry) {})
	s.Run(time.Duration(c.intervals()) * interval)
	return r
}

// recorded returns the recording of a cell, from a file of the directory if there is one, else made, and kept there. No
// directory keeps nothing.
func (c cell) recorded(dir string) (recording, error) {
	if dir == "" {
		return c.record(), nil
	}
	path := filepath.Join(dir, fmt.Sprintf("%d-%g-%d-%d.%d.waits", c.Members, c.Loss, c.Fanout, c.Budget, c.Seed))
	if f, err := os.Open(path); err == nil {
		defer f.Close()
		return readRecording(f, c.observers())
	}
	r := c.record()
	f, err := os.Create(path + ".part")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := r.writeTo(f); err != nil {
		return nil, err
	}
	return r, os.Rename(path+".part", path)
}

// writeTo writes, for each observer, the number of waits and the waits.
func (r recording) writeTo(f io.Writer) error {
	w := bufio.NewWriterSize(f, 1<<20)
	for _, waits := range r {
		if err := binary.Write(w, binary.LittleEndian, uint32(len(waits))); err != nil {
			return err
		}
		for _, h := range waits {
			if err := binary.Write(w, binary.LittleEndian, h.packed()); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

func readRecording(f io.Reader, observers int) (recording, error) {
	r, b := make(recording, observers), bufio.NewReaderSize(f, 1<<20)
	for o := range r {
		var n uint32
		if err := binary.Read(b, binary.LittleEndian, &n); err != nil {
			return nil, err
		}
		packed := make([]uint64, n)
		if err := binary.Read(b, binary.LittleEndian, packed); err != nil {
			return nil, err
		}
		r[o] = make([]heardOf, n)
		for i, p := range packed {
			r[o][i] = unpacked(p)
		}
	}
	return r, nil
}

// passes are the waits of a cell within a window, and how many of them had reached a Φ of 1, 2 … 6 when they ended.
type passes struct {
	Cell    cell
	Window  window
	Waits   int
	Passed  [6]int
	Moments [6]int // at which some did, of one observer each: waits come in crowds
}

// share returns the share of the waits that reached Φ = k+1, in units of 10^−Φ.
func (p passes) share(k int) float64 {
	return float64(p.Passed[k]) / float64(p.Waits) * math.Pow10(k+1)
}

// judge lets each observer's own model learn its waits one by one, and counts in each window what it had said of them.
func (c cell) judge(r recording) (all []passes) {
	windows := c.windows()
	for _, w := range windows {
		all = append(all, passes{Cell: c, Window: w})
	}
	for _, waits := range r {
		m := phi.NewModel(phi.Measured())
		m.SetPrior(c.prior())
		paces := make([]phi.MemberStats, c.Members)
		now := 0.0
		var passed [6]float64 // when one last did
		for _, w := range waits {
			now += float64(w.After) / 500
			pace, age := &paces[w.Subject], float64(w.Age)
			i := slices.IndexFunc(windows, func(w window) bool { return float64(w.From) < now && now <= float64(w.To) })
			if i >= 0 {
				all[i].count(m.Phi(age, pace), now, &passed)
			}
			pace.Add(age)
			m.Add(age)
		}
	}
	return all
}

// count counts a wait that ends now at a Φ. Passed tells when the observer last saw one pass each Φ.
func (p *passes) count(phi, now float64, passed *[6]float64) {
	p.Waits++
	for k := 0; k < len(p.Passed) && phi >= float64(k+1); k++ {
		p.Passed[k]++
		if passed[k] != now {
			p.Moments[k]++
		}
		passed[k] = now
	}
}

// prior is what gossip expects of such a cluster before it has seen any wait.
func (c cell) prior() (phi.Summary, int) {
	n := float64(c.Members)
	turns := max(1, n*0.6/float64(c.Budget))
	return phi.Summary{Mean: (1+2*math.Log10(n))/float64(c.Fanout) + turns/2, StdDev: 1 + turns/4}, c.Members - 1
}
