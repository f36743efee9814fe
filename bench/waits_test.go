package bench

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
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
	WarmUp  int `json:",omitempty"` // intervals that only teach; 0: as many as length says
}

func (c cell) String() string {
	warmUp, judged := c.length()
	return fmt.Sprintf("%d members, loss %g, fanout %d, budget %d, seed %d, intervals %d to %d",
		c.Members, c.Loss, c.Fanout, c.Budget, c.Seed, warmUp, warmUp+judged)
}

// observers returns of how many members the waits are recorded: of all, or of 125 of 1000, spread over the ring.
func (c cell) observers() int { return min(c.Members, 125) }

// length returns how many intervals only teach, and how many are judged after them. Waits are the shorter the larger the
// fanout.
func (c cell) length() (warmUp, judged int) {
	switch {
	case c.Members <= 10:
		warmUp, judged = 600, 60_000
	case c.Members <= 100:
		warmUp, judged = 300, 2000
	default:
		warmUp, judged = 100+100/c.Fanout, 50+150/c.Fanout
	}
	return cmp.Or(c.WarmUp, warmUp), judged
}

// heardOf is one wait: the age that the newest heartbeat of a subject had reached when the next arrived.
type heardOf struct {
	Age     float32 // intervals
	Subject uint16
	After   uint16 // milliseconds since the observer's wait before it; 0: by the same message
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
	warmUp, judged := c.length()
	s.Run(time.Duration(warmUp+judged) * interval)
	return r
}

// recorded returns the recording of a cell, from a file of the directory if there is one, else made, and kept there. No
// directory keeps nothing.
func (c cell) recorded(dir string) (recording, error) {
	if dir == "" {
		return c.record(), nil
	}
	path := filepath.Join(dir, fmt.Sprintf("%d-%g-%d-%d-%d.%d.waits", c.Members, c.Loss, c.Fanout, c.Budget, c.WarmUp, c.Seed))
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
		if err := binary.Write(w, binary.LittleEndian, waits); err != nil {
			return err
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
		r[o] = make([]heardOf, n)
		if err := binary.Read(b, binary.LittleEndian, r[o]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// passes are the waits of a cell, and how many of them had reached a Φ of 1, 2 … 6 when they ended.
type passes struct {
	Cell    cell
	Waits   int
	Passed  [6]int
	Moments [6]int // at which some did, of one observer each: waits come in crowds
}

// share returns the share of the waits that reached Φ = k+1, in units of 10^−Φ.
func (p passes) share(k int) float64 {
	return float64(p.Passed[k]) / float64(p.Waits) * math.Pow10(k+1)
}

// judge lets each observer's own model learn its waits one by one, and counts what it had said of each.
func (c cell) judge(r recording) passes {
	p := passes{Cell: c}
	warmUp, _ := c.length()
	for _, waits := range r {
		m := phi.NewModel(phi.Measured())
		m.SetPrior(c.prior())
		paces := make([]phi.Pace, c.Members)
		now := 0.0
		var passed [6]float64 // when one last did
		for _, w := range waits {
			now += float64(w.After) / 500
			pace, age := &paces[w.Subject], float64(w.Age)
			if now > float64(warmUp) {
				p.Waits++
				phi := m.Phi(age, pace)
				for k := 0; k < len(p.Passed) && phi >= float64(k+1); k++ {
					p.Passed[k]++
					if passed[k] != now {
						p.Moments[k]++
					}
					passed[k] = now
				}
			}
			pace.Add(age)
			m.Add(age)
		}
	}
	return p
}

// prior is what gossip expects of such a cluster before it has seen any wait.
func (c cell) prior() (phi.Summary, int) {
	n := float64(c.Members)
	turns := max(1, n*0.6/float64(c.Budget))
	return phi.Summary{Mean: (1+2*math.Log10(n))/float64(c.Fanout) + turns/2, StdDev: 1 + turns/4}, c.Members - 1
}
