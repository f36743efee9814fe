package bench

import (
	"flag"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

var (
	full     = flag.String("full", "", "measure the scenarios whose names match this regular expression; all: each of them")
	seeds    = flag.Int("seeds", 0, "runs of each case; 0: five of a crash, one of 1000 members, three of all else")
	only     = flag.String("only", "", "measure the cases whose captions match this regular expression, like memberlist.*loss=0.3; the rows of others stay")
	thousand = flag.Bool("thousand", false, "clusters of 1000 members in place of 32 and 128")
	commit   = flag.String("commit", "", "the commit of heartsay that is measured, which is kept with its rows")
	results  = flag.String("results", "testdata/results.json", "what was measured; measured cases replace their older rows")
)

// TestMain trades memory, of which there is plenty, for time: memberlist's compression makes much garbage. GOGC and
// GOMEMLIMIT, when they are set, say how much.
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	os.Exit(m.Run())
}

// TestFull measures scenarios, prints them and keeps them.
func TestFull(t *testing.T) {
	if *full == "" {
		t.Skip("measures for hours: ask for it by -full all")
	}
	if *full == "all" {
		*full = "."
	}
	wanted, err := regexp.Compile(*full)
	if err != nil {
		t.Fatal(err)
	}
	b, err := loadBoard(*results)
	if err != nil {
		t.Fatal(err)
	}
	o := options{seeds: *seeds, sizes: []int{32, 128}, board: b}
	if *only != "" {
		o.wanted = regexp.MustCompile(*only)
	}
	if *thousand {
		o.sizes = []int{1000}
	}
	for _, s := range scenarios() {
		if !wanted.MatchString(s.name) {
			continue
		}
		began := time.Now()
		t.Run(s.name, func(t *testing.T) {
			rows := s.run(t, o)
			if t.Failed() {
				return
			}
			for i, r := range rows {
				if strings.HasPrefix(r.System, "heartsay") {
					rows[i].Commit = *commit
				}
			}
			b.replace(rows)
			if err := b.save(); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%s took %s", s.name, time.Since(began).Round(time.Second))
	}
}
