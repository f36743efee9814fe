#!/usr/bin/env bash
# Fuzzes every reader of foreign bytes for a moment each: fuzz.sh [SECONDS]. What makes a target fail is written under
# testdata/fuzz of its package, to be committed with the repair.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for package in $(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do
	${GO:-go} test -c -fuzz . -o "$work/test" "$package" # once for all targets of the package
	for target in $(grep -rhoE --include='*_test.go' '^func Fuzz\w+' "$package" | cut -c6- | sort -u); do
		printf '%-24s' "$target"
		if ! out=$(cd "$package" && "$work/test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "${seconds}s" \
			-test.fuzzminimizetime 1s -test.fuzzcachedir "$work/cache" 2>&1); then
			echo "FAILED"
			echo "$out"
			exit 1
		fi
		grep -oE 'execs: [0-9]+' <<<"$out" | tail -1 || echo "its corpus, and no time was left for more"
	done
done
