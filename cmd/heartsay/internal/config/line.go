package config

import (
	"cmp"
	"errors"
	"slices"
)

// lineError is an error with the line of the configuration file that is to blame.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return e.err.Error() }
func (e *lineError) Unwrap() error { return e.err }

// atLine returns err, unless that is nil, with its line.
func atLine(line int, err error) error {
	if err == nil {
		return nil
	}
	return &lineError{line, err}
}

// byLine joins errors in the order of their lines, those without one first; nil when there are none.
func byLine(faults ...error) error {
	var flat []error
	for _, err := range faults {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			flat = append(flat, joined.Unwrap()...)
		} else if err != nil {
			flat = append(flat, err)
		}
	}
	slices.SortStableFunc(flat, func(a, b error) int { return cmp.Compare(lineOf(a), lineOf(b)) })
	return errors.Join(flat...)
}

func lineOf(err error) int {
	var at *lineError
	if errors.As(err, &at) {
		return at.line
	}
	return 0
}
