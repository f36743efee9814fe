package main

import (
	"flag"
	"os"
	"regexp"
	"testing"
	"testing/synctest"

	"heartsay/bench"
)

// inVirtualTime calls f with bubbles of virtual time, and returns its error. Go gives them to tests alone, so the program becomes a
// test that runs by itself. The end of that test ends the program, so it does not return when f succeeds or a bubble fails.
func inVirtualTime(f func(bench.Bubble) error) error {
	testing.Init()
	if err := flag.CommandLine.Parse([]string{"-test.timeout=0"}); err != nil {
		return err
	}
	testing.Main(regexp.MatchString, []testing.InternalTest{{Name: "bench", F: func(t *testing.T) {
		err := f(func(name string, do func()) {
			t.Run(name, func(t *testing.T) {
				log("%s", name)
				synctest.Test(t, func(*testing.T) { do() })
			})
		})
		if err != nil {
			log("bench: %v", err)
			os.Exit(1)
		}
	}}}, nil, nil)
	return nil
}
