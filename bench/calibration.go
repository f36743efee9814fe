package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
)

// The model was made on other recordings, of seed 1, but some of it was changed after cells of seed 2 had been seen, and some
// after some of seed 11: docs/calibration.md tells which. Nothing was changed after seed 12.
const calibrationSeed, freshSeed, secondSeed = 2, 11, 12

// calibrationCells are those whose figures docs/measured/phi-*.md show. A digest of 100 members fits in 64 bytes, the least
// budget there is, but at fanout 1 under loss; one of 1000 takes three turns with 256 and fits in 1000.
func calibrationCells() (all []cell) {
	for _, members := range []int{10, 100, 1000} {
		seed := uint64(calibrationSeed)
		if members == 1000 {
			seed = freshSeed
		}
		for _, loss := range []float64{0, 0.1, 0.3} {
			for fanout := 1; fanout <= 3; fanout++ {
				all = append(all, cell{members, loss, fanout, 256, seed})
			}
		}
	}
	return append(all, cell{100, 0.3, 1, 64, calibrationSeed},
		cell{1000, 0, 3, 1000, freshSeed}, cell{1000, 0, 1, 256, secondSeed}, cell{1000, 0.3, 3, 256, secondSeed})
}

// Calibrate measures what Φ is worth in the cells whose name matches, or in all when chosen is nil, and keeps it in a file after each.
// A folder of recordings, unless it is "", keeps the waits, so that another model is judged in minutes. Each row is logged as well.
func Calibrate(file, recordings string, chosen *regexp.Regexp, log func(format string, args ...any)) error {
	for _, c := range calibrationCells() {
		if chosen != nil && !chosen.MatchString(c.String()) {
			continue
		}
		r, err := c.recorded(recordings)
		if err != nil {
			return err
		}
		judged := c.judge(r)
		for _, p := range judged {
			log("%s", p.row())
		}
		if err := keepCalibration(file, judged); err != nil {
			return err
		}
	}
	return nil
}

// keepCalibration replaces what was measured of a cell, in the order of calibrationCells.
func keepCalibration(file string, judged []passes) error {
	var all []passes
	if err := readJSON(file, &all); err != nil {
		return err
	}
	order := calibrationCells()
	all = slices.DeleteFunc(all, func(p passes) bool { return p.Cell == judged[0].Cell || !slices.Contains(order, p.Cell) })
	all = append(all, judged...)
	slices.SortStableFunc(all, func(a, b passes) int { return cmp.Compare(slices.Index(order, a.Cell), slices.Index(order, b.Cell)) })
	return writeJSON(file, all)
}

// readJSON reads a file of what was measured. The error names the file.
func readJSON(file string, all any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, all); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}

// writeJSON replaces a file of what was measured.
func writeJSON(file string, all any) error {
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
