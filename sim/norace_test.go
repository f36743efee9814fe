//go:build !race

package sim_test

const raced = false // see race_test.go
