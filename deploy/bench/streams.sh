#!/usr/bin/env bash
# What many CrowdSec bouncers cost, as deploy/benchmarks.md shows it.
#
#   deploy/bench/streams.sh [ADDRESSES] [CLIENTS]
#
# It needs curl, and listens on loopback only. A server of its own lists so many
# addresses (1,000,000). So many bouncers (200), each with a name and a connection
# of its own, in one other process, first all ask for everything at once, then ask
# for changes once a second for 10 seconds while 1,000 addresses are reported, and then
# all at once, when 50,000 were imported just before. "Memory" is
# how far the server's resident memory rose above where it was; "CPU" is that of all
# the server's threads. Times depend on what else the machine does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. deploy/bench/unprotect.sh

readonly ADDRESSES=${1:-1000000} CLIENTS=${2:-200} BATCH=100000
readonly URL=http://127.0.0.1:$((20000 + RANDOM % 10000))
scratch=$(mktemp -d)
server=
tidy_up() {
	[ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" || true; }
	rm -rf "$scratch"
}
trap tidy_up EXIT
trap 'exit 130' INT TERM

CGO_ENABLED=0 go build -tags nomsgpack -o "$scratch/penaltybox" .
CGO_ENABLED=0 go build -o "$scratch/streamload" ./deploy/bench/streamload
start() {
	"$scratch/penaltybox" serve --state "$scratch/state" --http-listen "${URL#http://}" --dns-listen 127.0.0.1:0 --key-rate-limit 0 >"$scratch/log" 2>&1 &
	server=$!
	for _ in $(seq 600); do
		curl -fsS -o /dev/null "$URL/readyz" 2>/dev/null && return
		kill -0 "$server" 2>/dev/null || break
		sleep 0.1
	done
	cat "$scratch/log"
	exit 1
}
start
key=$(cat "$scratch/state/admin.key")
unprotect "$scratch/penaltybox" "$scratch/state" "$URL"

api() { curl -fsS -H "Authorization: Bearer $key" "$@"; }
status() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$server/status"; }
cpu() { awk '{ sub(/.*\) /, ""); print ($12 + $13) * 10 }' "/proc/$server/stat"; } # ms

printf '# %s CPUs, %s, load %s\n' "$(nproc)" "$(uname -sr)" "$(cut -d' ' -f1 /proc/loadavg)"
for ((from = 0; from < ADDRESSES; from += BATCH)); do
	awk -v from="$from" -v n=$((ADDRESSES - from < BATCH ? ADDRESSES - from : BATCH)) 'BEGIN {
		for (i = from; i < from + n; i++) printf "20.%d.%d.%d\n", i / 65536 % 256, i / 256 % 256, i % 256
	}' >"$scratch/batch"
	api -o /dev/null -H 'Content-Type: text/plain' --data-binary "@$scratch/batch" "$URL/v1/incidents?kind=hacked.host"
done
kill "$server" && wait "$server" # what reporting all this left is no matter here
start

# measure NAME CLIENTS REQUESTS FLAG… has bouncers ask and prints a row.
measure() {
	local name=$1 clients=$2 requests=$3 before resident peak bytes decisions median longest
	shift 3
	echo 5 >"/proc/$server/clear_refs" # the peak begins here
	resident=$(status VmRSS)
	before=$(cpu)
	"$scratch/streamload" -url "$URL/compat/crowdsec/" -key-file "$scratch/state/admin.key" -clients "$clients" "$@" >"$scratch/took"
	read -r bytes decisions median longest <"$scratch/took"
	peak=$(status VmHWM)
	printf '| %s | %d | %.1f | %.1f | %.0f | %.2f | %d | %d | %d |\n' "$name" "$clients" \
		"$(awk "BEGIN { print $resident / 1024 }")" "$(awk "BEGIN { print ($peak - $resident) / 1024 }")" \
		"$(awk "BEGIN { print ($peak - $resident) / $clients }")" "$(awk "BEGIN { print ($(cpu) - $before) / $requests }")" \
		"$median" "$longest" "$((bytes / requests / 1024))"
	if [ "${WANT:-}" ] && [ "$decisions" -ne "$WANT" ]; then echo "streams.sh: $decisions decisions, not $WANT" >&2; exit 1; fi
}

printf '\n| %d listed | clients | MiB before | MiB more | KiB more each (bar 1024) | CPU ms a request | median ms | longest ms | KiB a request |\n|---|---|---|---|---|---|---|---|---|\n' "$ADDRESSES"
WANT=$ADDRESSES measure 'everything, one client' 1 1
WANT=$ADDRESSES measure 'everything' "$CLIENTS" "$CLIENTS"
awk 'BEGIN { for (i = 0; i < 1000; i++) printf "198.18.%d.%d\n", i / 256, i % 256 }' >"$scratch/batch"
(
	for ((i = 0; i < 10; i++)); do
		head -n $(((i + 1) * 100)) "$scratch/batch" | tail -n 100 | api -o /dev/null -H 'Content-Type: text/plain' --data-binary @- "$URL/v1/incidents?kind=hacked.host"
		sleep 1
	done
) &
measure 'changes, 100 a second' "$CLIENTS" $((CLIENTS * 10)) -polls 10
wait $!
awk 'BEGIN { for (i = 0; i < 50000; i++) printf "30.0.%d.%d\n", i / 256, i % 256 }' | api -o /dev/null -H 'Content-Type: text/plain' --data-binary @- "$URL/v1/incidents?kind=hacked.host"
measure 'changes, 50,000 just imported' "$CLIENTS" "$CLIENTS" -polls 1 -every 1ms
