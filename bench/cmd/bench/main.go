// Command bench measures, and writes the documents of what was measured. It is run in the root of the repository:
//
//	go run ./bench/cmd/bench scenarios [crash …]   heartsay beside memberlist, in virtual time; all scenarios take hours
//	go run ./bench/cmd/bench detectors             detectors beside each other; minutes
//	go run ./bench/cmd/bench calibrate             what Φ is worth; hours
//	go run ./bench/cmd/bench documents             docs/measured/ from what was measured; a moment
//
// Each measurement replaces its older figures in bench/results. -h after a command tells its flags.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"

	"heartsay/bench"
	"heartsay/bench/detectors"
)

// commands are what bench does, by name. Each takes the words after its name.
var commands = map[string]func(words []string) error{
	"scenarios": scenarios, "detectors": compare, "calibrate": calibrate, "documents": documents,
}

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // trades memory, of which there is plenty, for time: memberlist's compression makes much garbage
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: bench scenarios|detectors|calibrate|documents [flags]; -h after a command tells its flags")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// flags are the flags of a command, with the folder of results that all have.
type flags struct {
	*flag.FlagSet
	results *string
}

func newFlags(command string) flags {
	f := flags{FlagSet: flag.NewFlagSet(command, flag.ExitOnError)}
	f.results = f.String("results", "bench/results", "folder of what was measured")
	return f
}

// file returns the path of a file of results.
func (f flags) file(name string) string { return filepath.Join(*f.results, name) }

// words parses the flags, and returns the words beside them.
func (f flags) words(all []string) []string {
	_ = f.Parse(all) // ends the program when it fails
	return f.Args()
}

// log prints how far a measurement has got.
func log(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func scenarios(words []string) error {
	f := newFlags("scenarios")
	only := f.String("only", "", "measure the cases whose captions match this regular expression, like memberlist.*loss=0.3; the rows of others stay")
	o := bench.Options{Log: log}
	f.IntVar(&o.Seeds, "seeds", 0, "runs of each case; 0: five of a crash, one of 1000 members, three of all else")
	f.BoolVar(&o.Thousand, "thousand", false, "clusters of 1000 members in place of 32 and 128")
	f.IntVar(&o.Parallel, "parallel", 2, "runs at a time")
	f.StringVar(&o.Commit, "commit", "", "the commit of heartsay that is measured, which is kept with its rows")
	f.Usage = func() {
		fmt.Fprintf(f.Output(), "usage: bench scenarios [flags] [NAME …], of %s; without a name, all\n", strings.Join(bench.ScenarioNames(), ", "))
		f.PrintDefaults()
	}
	o.Scenarios, o.Results = f.words(words), f.file("benchmarks.json")
	if o.Parallel < 1 {
		return fmt.Errorf("-parallel is %d: at least 1 is needed", o.Parallel)
	}
	if *only != "" {
		var err error
		if o.Only, err = regexp.Compile(*only); err != nil {
			return fmt.Errorf("-only: %w", err)
		}
	}
	return inVirtualTime(func(b bench.Bubble) error {
		o.Bubble = b
		return bench.Measure(o)
	})
}

func compare(words []string) error {
	f := newFlags("detectors")
	f.words(words)
	return detectors.Compare(f.file("detectors.json"), log)
}

func calibrate(words []string) error {
	f := newFlags("calibrate")
	only := f.String("only", "", "judge the clusters whose name matches this regular expression, like 1000 members")
	recordings := f.String("recordings", "", "folder that keeps the waits, so that another model is judged in minutes; without it they are not kept")
	f.words(words)
	chosen, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	return detectors.Calibrate(f.file("calibration.json"), *recordings, chosen, log)
}

func documents(words []string) error {
	f := newFlags("documents")
	folder := f.String("docs", "docs/measured", "folder of the documents")
	f.words(words)
	if err := bench.WriteDocuments(f.file("benchmarks.json"), *folder); err != nil {
		return err
	}
	return detectors.WriteDocuments(f.file("detectors.json"), f.file("calibration.json"), *folder)
}
