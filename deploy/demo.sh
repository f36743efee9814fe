#!/usr/bin/env bash
# Five agents on loopback: join, kill, restart, leave. Ends by itself in about a minute and leaves nothing behind.
# Usage: deploy/demo.sh [path of the heartsay binary]
set -euo pipefail

bin=$(realpath "${1:-bin/heartsay}")
dir=$(mktemp -d /tmp/heartsay-demo.XXXXXX)
declare -A pid=()
follower=

cleanup() {
	trap - EXIT
	[[ -z $follower ]] || kill "$follower" 2>/dev/null || true
	for name in "${!pid[@]}"; do kill -KILL "${pid[$name]}" 2>/dev/null || true; done
	wait 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say() { printf '\n# %s\n' "$*"; }

# show NAME ARG... prints a command and runs it against the agent called NAME.
show() {
	local name=$1
	shift
	printf '$ heartsay %s\n' "$*"
	quiet "$name" "$@"
}

quiet() {
	local name=$1
	shift
	HEARTSAY_API="unix://$dir/$name.sock" "$bin" "$@"
}

# address NAME prints the gossip address of an agent.
address() { quiet "$1" members -o ndjson --name "$1" | sed 's/.*"address":"\([^"]*\)".*/\1/'; }

# start NAME [FLAG...] starts an agent and waits until it serves its API. The first one takes a free port, which the
# others join by.
start() {
	local name=$1
	shift
	"$bin" agent --name "$name" --bind "${bind[$name]:-127.0.0.1:0}" --state-dir "$dir/state" \
		--api "unix://$dir/$name.sock" --log-level error "$@" >>"$dir/$name.out" 2>&1 &
	pid[$name]=$!
	for _ in $(seq 100); do
		quiet "$name" info >/dev/null 2>&1 && return
		kill -0 "${pid[$name]}" 2>/dev/null || break
		sleep 0.1
	done
	echo "agent $name did not start:" >&2
	cat "$dir/$name.out" >&2
	exit 1
}

declare -A bind=()
say "Five agents start. All but the first join by its address; each keeps its state in $dir/state."
start ann --tag role=db
seed=$(address ann)
for name in bob cat dan eve; do start "$name" --join "$seed" --tag role=web; done
quiet ann wait --members 5 --timeout 20s
show ann members

say "Their detectors learn which silences are normal. Then cat is killed with SIGKILL. The events at ann:"
sleep 10
bind[cat]=$(address cat)
echo '$ heartsay events'
HEARTSAY_API="unix://$dir/ann.sock" "$bin" events &
follower=$!
sleep 1
kill -KILL "${pid[cat]}"
wait "${pid[cat]}" 2>/dev/null || true
unset 'pid[cat]'
quiet ann wait --name cat --state dead --timeout 30s

say "cat starts again, without --join, since its state file knows the others."
start cat --tag role=web
quiet ann wait --name cat --state alive --timeout 30s
sleep 1

say "eve leaves."
show eve leave
quiet ann wait --name eve --state left --timeout 10s
sleep 1
kill "$follower" 2>/dev/null || true
wait "$follower" 2>/dev/null || true
follower=

say "The members at the end:"
show ann members

for name in bob cat dan ann; do kill -TERM "${pid[$name]}"; done
for name in bob cat dan ann; do wait "${pid[$name]}"; done
pid=()
say "All agents left."
