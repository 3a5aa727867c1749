#!/usr/bin/env bash
# DNS against rbldnsd: the same lists, the same queries, in paired rounds.
#
#   deploy/bench/dns.sh [LISTED…]          (default: 1000000 10000000)
#
# It needs Go, rbldnsd, zstd, curl and taskset (util-linux), and two processors:
# the servers run on one in turn, the generator on the other. Half the queries
# are for listed addresses, nine of ten for A. CPU is that of the server's
# threads, user and system, per answered query; a ratio is that of one round,
# and of a column's figures the median is shown. ROUNDS=2 QUERIES=300000 is
# enough for a look.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly ROUNDS=${ROUNDS:-8} QUERIES=${QUERIES:-2000000} SECONDS_AT_RATE=${SECONDS_AT_RATE:-3}
readonly SERVER_CPU=${SERVER_CPU:-0} GENERATOR_CPU=${GENERATOR_CPU:-1}
readonly DNS=127.0.0.1:18053 RBLDNSD=127.0.0.1:18054 HTTP=127.0.0.1:18080
export PATH=$PATH:/usr/sbin LC_ALL=C.UTF-8

for program in go rbldnsd zstd curl taskset; do
	command -v "$program" >/dev/null || { echo "$program is missing" >&2; exit 1; }
done

scratch=$(mktemp -d)
chmod 755 "$scratch" # rbldnsd reads its zone as a user of its own
rbldnsd_pid='' penaltybox_pid='' changes_pid=''
tidy_up() {
	kill ${changes_pid:+"$changes_pid"} ${penaltybox_pid:+"$penaltybox_pid"} ${rbldnsd_pid:+"$rbldnsd_pid"} 2>/dev/null || true
	wait
	rm -rf "$scratch"
}
trap tidy_up EXIT
trap 'exit 130' INT TERM

go build -tags nomsgpack -o "$scratch/penaltybox" .
go build -o "$scratch/dnsload" ./deploy/bench/dnsload

say() { printf '%s\n' "$@"; }
dnsload() { taskset -c "$GENERATOR_CPU" "$scratch/dnsload" "$@"; }
rss() { awk '/^VmRSS/ { printf "%d MiB", $2 / 1024 }' "/proc/$1/status"; }
# since EPOCHREALTIME
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f s", b - a }'; }

# start_rbldnsd LISTED and start_penaltybox LISTED start a server and tell how
# long it took until it listed the last address, and its memory then.
start_rbldnsd() {
	{
		say ":127.0.0.2:\$ listed until 2026-12-22T10:00:00Z (hacked), see https://bl.example/lookup"
		say "\$SOA 60 ns.bl.example hostmaster.bl.example 0 3600 600 604800 60"
		say "\$NS 60 ns.bl.example"
		"$scratch/dnsload" list -listed "$1" -format rbldnsd
	} >"$scratch/bl.zone"
	local begin=$EPOCHREALTIME
	taskset -c "$SERVER_CPU" rbldnsd -n -q -r / -w "$scratch" -b "${RBLDNSD/://}" bl.example:ip4set:bl.zone >"$scratch/rbldnsd.log" 2>&1 &
	rbldnsd_pid=$!
	dnsload wait -listed "$1" -server "$RBLDNSD"
	say "| rbldnsd | $(since "$begin") | $(rss "$rbldnsd_pid") |"
}

start_penaltybox() {
	"$scratch/dnsload" list -listed "$1" -format backup | zstd -q -1 -o "$scratch/list.backup"
	"$scratch/penaltybox" restore --state "$scratch/state" "$scratch/list.backup" >/dev/null
	rm "$scratch/list.backup"
	local begin=$EPOCHREALTIME
	taskset -c "$SERVER_CPU" "$scratch/penaltybox" serve --state "$scratch/state" --zone bl.example \
		--contact https://bl.example/lookup --dns-listen "$DNS" --http-listen "$HTTP" >"$scratch/penaltybox.log" 2>&1 &
	penaltybox_pid=$!
	dnsload wait -listed "$1" -server "$DNS"
	say "| penaltybox (with its API) | $(since "$begin") | $(rss "$penaltybox_pid") |"
}

# rounds NAME LISTED FLAGS… runs paired rounds, the order of servers alternating.
rounds() {
	local name=$1 listed=$2 round
	shift 2
	for ((round = 0; round < ROUNDS; round++)); do
		local order=(rbldnsd penaltybox)
		((round % 2 == 0)) || order=(penaltybox rbldnsd)
		for server in "${order[@]}"; do
			local addr=$RBLDNSD pid=$rbldnsd_pid
			[ "$server" = rbldnsd ] || { addr=$DNS pid=$penaltybox_pid; }
			dnsload ask -listed "$listed" -server "$addr" -pid "$pid" -label "$server" "$@"
		done
	done >"$scratch/rounds"
	awk -v name="$name" '
		function median(list, n,   i, j, t) {
			for (i = 2; i <= n; i++) for (j = i; j > 1 && list[j] < list[j-1]; j--) { t = list[j]; list[j] = list[j-1]; list[j-1] = t }
			return n % 2 ? list[(n+1)/2] : (list[n/2] + list[n/2+1]) / 2
		}
		{ n = ++count[$1]; lost[$1] += $5; wrong[$1] += $7; qps[$1, n] = $9; cpu[$1, n] = $11; p50[$1, n] = $13; p99[$1, n] = $15 }
		function of(values, server,   i, list) {
			for (i = 1; i <= count[server]; i++) list[i] = values[server, i]
			return median(list, count[server])
		}
		END {
			for (i = 1; i <= count["penaltybox"]; i++) ratio[i] = cpu["penaltybox", i] / cpu["rbldnsd", i]
			printf "| %s | %.2f | %.2f | **%.2f** | %d / %d k | %.0f / %.0f | %.0f / %.0f | %d / %d | %d / %d |\n", name,
				of(cpu, "penaltybox") / 1000, of(cpu, "rbldnsd") / 1000, median(ratio, count["penaltybox"]),
				of(qps, "penaltybox") / 1000, of(qps, "rbldnsd") / 1000, of(p50, "penaltybox"), of(p50, "rbldnsd"),
				of(p99, "penaltybox"), of(p99, "rbldnsd"), lost["penaltybox"], lost["rbldnsd"], wrong["penaltybox"], wrong["rbldnsd"]
		}' "$scratch/rounds"
}

# change_listings reports 1,000 addresses ten times a second, in 192.0.0.0/8,
# where no query asks.
change_listings() {
	local turn
	for ((turn = 0; ; turn++)); do
		awk -v turn="$turn" 'BEGIN { for (i = turn * 1000; i < turn * 1000 + 1000; i++) printf "{\"ip\":\"192.%d.%d.%d\",\"kind\":\"hacked.host\"}\n", 1 + int(i / 65536) % 160, int(i / 256) % 256, i % 256 }' |
			curl -sf -o /dev/null -H "Authorization: Bearer $(cat "$scratch/state/admin.key")" -H 'Content-Type: application/x-ndjson' \
				--data-binary @- "http://$HTTP/v1/incidents" || true
		sleep 0.05
	done
}

say "$(uname -sr), $(nproc) processors, $(go env GOVERSION), load $(cut -d' ' -f1-3 /proc/loadavg), $(date -u +%Y-%m-%d)"
[ $# -gt 0 ] || set -- 1000000 10000000
for listed; do
	say '' "### $listed listed" ''
	say '| server | start to ready | RSS |' '|---|---|---|'
	start_rbldnsd "$listed"
	start_penaltybox "$listed"
	say '' '| queries | CPU µs | rbldnsd | ratio | queries/s | p50 µs | p99 µs | lost | wrong |' '|---|---|---|---|---|---|---|---|---|'
	rounds 'as many as are answered' "$listed" -queries "$QUERIES"
	rounds 'the same with EDNS' "$listed" -queries "$QUERIES" -edns
	for rate in 5000 10000 50000 150000; do
		rounds "$rate a second" "$listed" -queries $((rate * SECONDS_AT_RATE)) -rate "$rate"
	done
	change_listings &
	changes_pid=$!
	rounds '50000 a second, reports under way (their CPU counted)' "$listed" -queries $((50000 * SECONDS_AT_RATE)) -rate 50000
	kill "$changes_pid" "$penaltybox_pid" "$rbldnsd_pid" || true
	wait
	changes_pid='' penaltybox_pid='' rbldnsd_pid=''
	rm -rf "$scratch/state" "$scratch/bl.zone"
done
