package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// size is what one agent takes of its host.
type size [6]uint64 // in the order of sizeNames

var sizeNames = []string{"goroutines", "heap after GC", "resident", "threads", "open files", "events so far"}

const eventsSoFar = 5 // their ring keeps the newest 4096, and is what the heap grows by until it is full

// growth is what the elders take at one moment.
type growth struct {
	at    time.Duration
	sizes []size
	state string // files in the state folder
}

func (g *growth) add(s size) { g.sizes = append(g.sizes, s) }

// of returns the median and the maximum of one of the sizes.
func (g *growth) of(what int) (median, most uint64) {
	var all []uint64
	for _, s := range g.sizes {
		all = append(all, s[what])
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)-1]
}

// above returns in what g is more than an earlier moment allows, which was the end of the first period: everything that
// grows with the cluster has grown by then. Goroutines and files come and go with streams; memory is the collector's.
func (g *growth) above(before growth) (faults []string) {
	for what, name := range sizeNames[:eventsSoFar] {
		_, was := before.of(what)
		_, is := g.of(what)
		slack := uint64(8)
		if what == 1 || what == 2 {
			slack = was/2 + 4<<20
		}
		if is > was+slack {
			faults = append(faults, fmt.Sprintf("%s grew from %d to %d", name, was, is))
		}
	}
	return faults
}

// stateFolder returns how many files the state folder holds, and the bytes of the largest.
func (r *rig) stateFolder() string {
	files, _ := filepath.Glob(filepath.Join(r.dir, "state", "*"))
	var most int64
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			most = max(most, info.Size())
		}
	}
	return fmt.Sprintf("%d, largest %d B", len(files), most)
}

// elderTicks returns the processor time of all elders.
func (s *soak) elderTicks() (ticks uint64) {
	for _, p := range s.agents[:s.elders] {
		ticks += p.cpuTicks()
	}
	return ticks
}

// report returns what happened so far, as Markdown.
func (s *soak) report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d agents, %s, seed %d, at most %d hosts in trouble at once.\n\n",
		*soakAgents, time.Since(s.began).Round(time.Second), *soakSeed, *soakAgents/4)
	fmt.Fprintf(&b, "| fault | times |\n|---|---|\n")
	total := 0
	for _, name := range slices.Sorted(maps.Keys(s.counts)) {
		fmt.Fprintf(&b, "| %s | %d |\n", name, s.counts[name])
		total += s.counts[name]
	}
	fmt.Fprintf(&b, "| all | %d |\n\n", total)
	fmt.Fprintf(&b, "| the %d elders, median / maximum, after | %s | state files |\n|---|%s---|\n", s.elders,
		strings.Join(sizeNames, " | "), strings.Repeat("---|", len(sizeNames)))
	for _, g := range s.samples {
		fmt.Fprintf(&b, "| %s ", g.at.Round(time.Second))
		for what := range sizeNames {
			median, most := g.of(what)
			if what == 1 || what == 2 {
				fmt.Fprintf(&b, "| %.1f / %.1f MiB ", float64(median)/(1<<20), float64(most)/(1<<20))
			} else {
				fmt.Fprintf(&b, "| %d / %d ", median, most)
			}
		}
		fmt.Fprintf(&b, "| %s |\n", g.state)
	}
	odd := s.accusations("dead")
	fmt.Fprintf(&b, "\nDeaths declared by all agents: %d, without a reason: %d. Suspicions without a reason: %d.\n",
		s.deaths(), len(odd), len(s.accusations("suspect")))
	for _, o := range odd {
		fmt.Fprintf(&b, "\n    %s\n", s.describe(o))
	}
	if len(s.settled) > 0 {
		fmt.Fprintf(&b, "Views equal again after the end of all faults: %s at most, in %d periods.\n",
			slices.Max(s.settled).Round(10*time.Millisecond), len(s.settled))
	}
	if elapsed := time.Since(s.began); elapsed > time.Second {
		share := float64(s.elderTicks()-s.ticks) / elapsed.Seconds() / float64(s.elders) // a tick is 1/100 s
		fmt.Fprintf(&b, "Processor time of an elder: %.2f %% of one core.\n", share)
	}
	fmt.Fprintf(&b, "Other oddities: %d.\n", len(s.odd))
	for _, odd := range s.odd {
		fmt.Fprintf(&b, "\n    %s\n", strings.ReplaceAll(odd, "\n", "\n    "))
	}
	return b.String()
}

// describe returns an accusation, and the faults that were in force then or shortly before.
func (s *soak) describe(o observed) string {
	var faults []string
	for _, tr := range slices.Concat(s.past, s.active) {
		if o.at.After(tr.begin) && o.at.Before(tr.end.Add(excuse)) {
			faults = append(faults, fmt.Sprintf("%s %s from %s to %s", hostName(tr.host), tr.name,
				tr.begin.Format(time.TimeOnly), tr.end.Format(time.TimeOnly)))
		}
	}
	return fmt.Sprintf("%s: %s declared %s dead: %s; %s", o.at.Format(time.TimeOnly), o.observer, o.Member.Name, o.Reason,
		strings.Join(faults, ", "))
}
