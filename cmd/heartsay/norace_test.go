//go:build !race

package main

const raced = false // see race_test.go
