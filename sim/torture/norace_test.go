//go:build !race

package torture

const raced = false // see race_test.go
