#!/usr/bin/env bash
# Fuzzes every reader of foreign bytes: fuzz.sh [INPUTS], so many each. What makes a target fail is written under
# testdata/fuzz of its package, to be committed with the repair. Inputs are counted, for where the time is set, go before
# 1.27 takes its end for a failure now and then (go.dev/issue/75804).
set -euo pipefail
cd "$(dirname "$0")/.."
inputs=${1:-5000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for package in $(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do
	${GO:-go} test -c -fuzz . -o "$work/test" "$package" # once for all targets of the package
	for target in $(grep -rhoE --include='*_test.go' '^func Fuzz\w+' "$package" | cut -c6- | sort -u); do
		printf '%-24s' "$target"
		if ! out=$(cd "$package" && "$work/test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "${inputs}x" \
			-test.fuzzminimizetime 100x -test.fuzzcachedir "$work/cache" 2>&1); then
			echo "FAILED"
			echo "$out"
			exit 1
		fi
		grep -oE 'execs: [0-9]+' <<<"$out" | tail -1
	done
done
