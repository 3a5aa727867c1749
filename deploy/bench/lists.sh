#!/usr/bin/env bash
# What fetching a list costs, as deploy/benchmarks.md shows it.
#
#   deploy/bench/lists.sh [ADDRESSES] [ROUNDS]
#
# It needs curl, and listens on loopback only. A server of its own lists so many
# addresses (1,000,000); curl, a process of its own, fetches them so many times (10).
# Before each fetch the list changes, so that nothing kept can help. "Memory" is how
# far the server's resident memory rose above where it was; "CPU" is that of all the
# server's threads, to 10 ms. The other times depend on what else the machine does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. deploy/bench/unprotect.sh

readonly ADDRESSES=${1:-1000000} ROUNDS=${2:-10} BATCH=100000
readonly URL=http://127.0.0.1:$((20000 + RANDOM % 10000))
scratch=$(mktemp -d)
server=
tidy_up() {
	[ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" || true; }
	rm -rf "$scratch"
}
trap tidy_up EXIT

CGO_ENABLED=0 go build -tags nomsgpack -o "$scratch/penaltybox" .
"$scratch/penaltybox" serve --state "$scratch/state" --http-listen "${URL#http://}" --dns-listen 127.0.0.1:0 >"$scratch/log" 2>&1 &
server=$!
for _ in $(seq 600); do
	curl -fsS -o /dev/null "$URL/readyz" 2>/dev/null && break
	kill -0 "$server" 2>/dev/null || { cat "$scratch/log"; exit 1; }
	sleep 0.1
done
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

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# measure NAME QUERY HEADERS… fetches a list and prints medians.
measure() {
	local name=$1 query=$2 round before resident
	shift 2
	: >"$scratch/times"
	for ((round = 0; round < ROUNDS; round++)); do
		api -o /dev/null -d "ip=203.0.113.$round" -d kind=hacked.host -d "id=$name-$round" "$URL/v1/incidents"
		api -o /dev/null -d "ip=198.$((18 + RANDOM % 2)).$((RANDOM % 256)).$((RANDOM % 256))" -d kind=hacked.host "$URL/v1/incidents"
		[ "$round" -eq 0 ] && sleep 1
		echo 5 >"/proc/$server/clear_refs" # the peak begins here
		resident=$(status VmRSS)
		before=$(cpu)
		api "$@" -o "$scratch/list" -w '%{time_starttransfer} %{time_total} %{size_download}' "$URL/v1/blocklist?$query" >"$scratch/took"
		awk -v cpu=$(($(cpu) - before)) -v rss=$(($(status VmHWM) - resident)) '{ print $1 * 1000, $2 * 1000, $3 / 1e6, cpu, rss / 1024 }' "$scratch/took" >>"$scratch/times"
	done
	report "$name"
}

report() {
	printf '| %s |' "$1"
	for column in 1 2 4 5 3; do
		printf ' %.1f |' "$(awk -v c=$column '{ print $c }' "$scratch/times" | median)"
	done
	printf '\n'
}

printf '\n| list of %d | first byte ms | total ms | CPU ms | memory MiB | MB |\n|---|---|---|---|---|---|\n' "$ADDRESSES"
measure plain format=plain
measure 'plain, zstd' format=plain -H 'Accept-Encoding: zstd'
measure 'plain, gzip' format=plain -H 'Accept-Encoding: gzip'
measure nftables format=nftables
measure ipset format=ipset
measure 'plain, networks of 24 bits' 'format=plain&aggregate=24'
measure json format=json

etag=$(api -D - -o /dev/null "$URL/v1/blocklist" | sed -n 's/^[Ee][Tt]ag: \([^[:space:]]*\).*/\1/p')
: >"$scratch/times"
for ((round = 0; round < ROUNDS * 10; round++)); do
	api -H "If-None-Match: $etag" -o "$scratch/list" -w '%{time_pretransfer} %{time_starttransfer} %{http_code}\n' "$URL/v1/blocklist" |
		awk '$3 == 304 { print ($2 - $1) * 1000 }' >>"$scratch/times"
done
printf '\n304 on the unchanged list: %s ms, %d of %d\n' "$(median <"$scratch/times")" "$(wc -l <"$scratch/times")" $((ROUNDS * 10))
