#!/usr/bin/env bash
# Fuzzes every reader of foreign bytes: fuzz.sh [INPUTS], that many each. An input that makes a target fail is written
# under testdata/fuzz of its package, to be committed with the fix. The bound is a number of inputs and not a time, because Go
# before 1.27 sometimes reports the end of the time as a failure (go.dev/issue/75804).
set -euo pipefail
cd "$(dirname "$0")/.."
inputs=${1:-5000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for package in $(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do
	${GO:-go} test -c -fuzz . -o "$work/test" "$package" # once for all targets of the package
	for target in $(grep -hoE '^func Fuzz\w+' "$package"/*_test.go | cut -c6- | sort -u); do
		printf '%-24s' "$target"
		if ! out=$(cd "$package" && "$work/test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "${inputs}x" \
			-test.fuzzminimizetime 100x -test.fuzzcachedir "$work/cache" 2>&1); then
			echo "FAILED"
			echo "$out"
			exit 1
		fi
		grep -oE 'execs: [0-9]+' <<<"$out" | tail -1 || { echo "FAILED: nothing was fuzzed"; echo "$out"; exit 1; }
	done
done
