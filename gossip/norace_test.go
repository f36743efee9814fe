//go:build !race

package gossip_test

const raced = false // see race_test.go
