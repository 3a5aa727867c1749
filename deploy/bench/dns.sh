#!/usr/bin/env bash
# DNS against rbldnsd: the same lists, the same queries, in paired rounds.
#
#   deploy/bench/dns.sh [LISTED…]          (default: 1000000 10000000)
#   SECTIONS='start lean' deploy/bench/dns.sh 1000000
#
# The sections, all of them unless SECTIONS names some:
#
#   start      start to ready and memory, of a full node and of rbldnsd
#   saturated  CPU per query, as many queries as are answered, without and with EDNS
#   rates      the same and latency at 5, 10, 50 and 150 thousand queries a second
#   changes    50,000 queries a second while 10,000 addresses a second are reported
#   lean       a node that answers DNS alone, fed by Redis: start, memory, CPU per
#              query, and 50,000 queries a second while 1,000 addresses a second
#              are reported to a full node beside it
#
# It needs Go, rbldnsd, redis-server, zstd, curl and taskset (util-linux), and
# two processors: the servers run on one in turn, the generator, Redis and what
# reports on the other. Half the queries are for listed addresses, nine of ten
# for A. CPU is that of the server's threads, user and system, per answered
# query; a ratio is that of one round, and of a column's figures the median is
# shown. Filling Redis with 10 million addresses takes some minutes.
# ROUNDS=2 QUERIES=300000 is enough for a look.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly ROUNDS=${ROUNDS:-8} QUERIES=${QUERIES:-2000000} SECONDS_AT_RATE=${SECONDS_AT_RATE:-3}
readonly SERVER_CPU=${SERVER_CPU:-0} GENERATOR_CPU=${GENERATOR_CPU:-1}
readonly SECTIONS=${SECTIONS:-start saturated rates changes lean}
readonly DNS=127.0.0.1:18053 RBLDNSD=127.0.0.1:18054 HTTP=127.0.0.1:18080
readonly LEAN=127.0.0.1:18055 OPS=127.0.0.1:18081 REDIS_PORT=18379
readonly REDIS=redis://127.0.0.1:$REDIS_PORT
export PATH=$PATH:/usr/sbin LC_ALL=C.UTF-8

for section in $SECTIONS; do
	case $section in start | saturated | rates | changes | lean) ;; *) echo "section $section: want start, saturated, rates, changes or lean" >&2; exit 2 ;; esac
done
wanted() { case " $SECTIONS " in *" $1 "*) ;; *) return 1 ;; esac }
for program in go rbldnsd redis-server redis-cli zstd curl taskset; do
	command -v "$program" >/dev/null || { echo "$program is missing" >&2; exit 1; }
done

scratch=$(mktemp -d)
chmod 755 "$scratch" # rbldnsd reads its zone as a user of its own
rbldnsd_pid='' penaltybox_pid='' lean_pid='' redis_pid='' changes_pid=''
# stop PID… ends processes and waits for them.
stop() {
	local pid
	for pid; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}
tidy_up() {
	progress ''
	stop $changes_pid $lean_pid $penaltybox_pid $rbldnsd_pid $redis_pid
	rm -rf "$scratch"
}
# progress TEXT shows on a terminal what is being done.
progress() { if [ -t 2 ]; then printf '\r\033[K%s' "$1" >&2; fi; }
trap tidy_up EXIT
trap 'exit 130' INT TERM

progress 'building'
CGO_ENABLED=0 go build -tags nomsgpack -o "$scratch/penaltybox" .
go build -o "$scratch/dnsload" ./deploy/bench/dnsload

say() { progress ''; printf '%s\n' "$@"; }
dnsload() { taskset -c "$GENERATOR_CPU" "$scratch/dnsload" "$@"; }
# rss PID tells the memory of a process, and how much of it is the program's
# file, which the kernel can drop at will.
rss() { awk '/^VmRSS/ { all = $2 } /^RssFile/ { file = $2 } END { printf "%.1f MiB (%.1f of them mapped from files)", all / 1024, file / 1024 }' "/proc/$1/status"; }
# cpu_of PID tells the CPU time that a process has used.
cpu_of() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%.1f s", ($12 + $13) / hz }' "/proc/$1/stat"; }
# since EPOCHREALTIME
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f s", b - a }'; }

# start_rbldnsd LISTED and start_penaltybox LISTED start a server and tell how
# long it took until it listed the last address, and its memory then.
start_rbldnsd() {
	progress "rbldnsd loads $1"
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
	say "| rbldnsd | $(since "$begin") | $(cpu_of "$rbldnsd_pid") | $(rss "$rbldnsd_pid") |"
}

# backup LISTED writes the list as a backup, unless it is there.
backup() {
	[ -e "$scratch/list.backup" ] && return
	progress "writing a list of $1"
	"$scratch/dnsload" list -listed "$1" -format backup | zstd -q -1 -o "$scratch/list.backup"
}

start_penaltybox() {
	backup "$1"
	progress "filling the embedded ledger with $1"
	"$scratch/penaltybox" restore --state "$scratch/state" "$scratch/list.backup" >/dev/null
	progress "penaltybox loads $1"
	local begin=$EPOCHREALTIME
	taskset -c "$SERVER_CPU" "$scratch/penaltybox" serve --state "$scratch/state" --zone bl.example \
		--contact https://bl.example/lookup --dns-listen "$DNS" --http-listen "$HTTP" >"$scratch/penaltybox.log" 2>&1 &
	penaltybox_pid=$!
	dnsload wait -listed "$1" -server "$DNS"
	say "| penaltybox (with its API) | $(since "$begin") | $(cpu_of "$penaltybox_pid") | $(rss "$penaltybox_pid") |"
}

# start_redis LISTED fills a Redis with the list.
start_redis() {
	backup "$1"
	taskset -c "$GENERATOR_CPU" redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --save '' --appendonly no --dir "$scratch" >"$scratch/redis.log" 2>&1 &
	redis_pid=$!
	until redis-cli -p "$REDIS_PORT" ping >/dev/null 2>&1; do sleep 0.05; done
	progress "filling Redis with $1"
	"$scratch/penaltybox" restore --redis "$REDIS" "$scratch/list.backup" >/dev/null
}

# start_lean LISTED starts a node for DNS alone.
start_lean() {
	progress "penaltybox for DNS alone loads $1"
	local begin=$EPOCHREALTIME
	taskset -c "$SERVER_CPU" "$scratch/penaltybox" serve --redis "$REDIS" --http-listen '' --ops-listen "$OPS" --state "$scratch/lean" --zone bl.example \
		--contact https://bl.example/lookup --dns-listen "$LEAN" >"$scratch/lean.log" 2>&1 &
	lean_pid=$!
	local ede
	ede=$(dnsload early -listed "$1" -server "$LEAN")
	dnsload wait -listed "$1" -server "$LEAN"
	local took
	took="$(since "$begin") | $(cpu_of "$lean_pid")"
	until curl -sf -o /dev/null "http://$OPS/readyz"; do sleep 0.05; done
	sleep 2 # what loading took is given back
	say "| penaltybox for DNS alone, on Redis | $took | $(rss "$lean_pid") |" '' "Before it was ready it answered: $ede."
}

# start_reporting starts a full node on the same Redis, for reports.
start_reporting() {
	progress 'a full node loads, to take reports'
	taskset -c "$GENERATOR_CPU" "$scratch/penaltybox" serve --redis "$REDIS" --state "$scratch/state" --zone bl.example \
		--dns-listen "$DNS" --http-listen "$HTTP" >"$scratch/penaltybox.log" 2>&1 &
	penaltybox_pid=$!
	until curl -sf -o /dev/null "http://$HTTP/readyz"; do sleep 0.1; done
}

# header begins a table of rounds.
header() { say '' '| queries | CPU µs | rbldnsd | ratio | queries/s | p50 µs | p99 µs | lost | wrong |' '|---|---|---|---|---|---|---|---|---|'; }

# rounds NAME LISTED FLAGS… runs paired rounds, the order of servers
# alternating; against the server that subject and subject_pid name.
rounds() {
	local name=$1 listed=$2 round
	shift 2
	: >"$scratch/rounds"
	for ((round = 0; round < ROUNDS; round++)); do
		local order=(rbldnsd penaltybox)
		((round % 2 == 0)) || order=(penaltybox rbldnsd)
		for server in "${order[@]}"; do
			local addr=$RBLDNSD pid=$rbldnsd_pid
			[ "$server" = rbldnsd ] || { addr=$subject pid=$subject_pid; }
			progress "$name: round $((round + 1)) of $ROUNDS, $server"
			dnsload ask -listed "$listed" -server "$addr" -pid "$pid" -label "$server" "$@"
		done
	done >>"$scratch/rounds"
	progress ''
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

# change_listings RATE reports so many addresses a second, in 192.0.0.0/8, where
# no query asks, and notes how many were taken since when.
change_listings() {
	local rate=$1 turn begin=$EPOCHREALTIME key
	key=$(cat "$scratch/state/admin.key")
	for ((turn = 0; ; turn++)); do
		awk -v turn="$turn" -v each="$((rate / 10))" 'BEGIN { for (i = turn * each; i < (turn + 1) * each; i++) printf "{\"ip\":\"192.%d.%d.%d\",\"kind\":\"hacked.host\"}\n", 1 + int(i / 65536) % 160, int(i / 256) % 256, i % 256 }' |
			curl -sf -o /dev/null -H "Authorization: Bearer $key" -H 'Content-Type: application/x-ndjson' \
				--data-binary @- "http://$HTTP/v1/incidents" || true
		echo "$begin $(((turn + 1) * rate / 10))" >"$scratch/changed"
		# The next tenth of a second, or now when that is over.
		sleep "$(awk -v a="$begin" -v b="$EPOCHREALTIME" -v turn="$turn" 'BEGIN { s = a + (turn + 1) / 10 - b; print (s > 0 ? s : 0) }')"
	done
}

# changing NAME LISTED RATE runs rounds while listings change.
changing() {
	taskset -c "$GENERATOR_CPU" bash -c "$(declare -f change_listings); scratch=$scratch HTTP=$HTTP; change_listings $3" &
	changes_pid=$!
	rounds "$1" "$2" -queries $((50000 * SECONDS_AT_RATE)) -rate 50000
	stop "$changes_pid"
	changes_pid=''
	read -r begin count <"$scratch/changed"
	say '' "Listings changed: $count, $(awk -v a="$begin" -v b="$EPOCHREALTIME" -v n="$count" 'BEGIN { printf "%d", n / (b - a) }') a second."
}

say "$(uname -sr), $(nproc) processors, $(go env GOVERSION), load $(cut -d' ' -f1-3 /proc/loadavg), $(date -u +%Y-%m-%d)"
[ $# -gt 0 ] || set -- 1000000 10000000
for listed; do
	say '' "### $listed listed" '' '| server | start to ready | CPU of it | RSS |' '|---|---|---|---|'
	start_rbldnsd "$listed"
	if wanted start || wanted saturated || wanted rates || wanted changes; then
		start_penaltybox "$listed"
		subject=$DNS subject_pid=$penaltybox_pid
		if wanted saturated || wanted rates || wanted changes; then header; fi
		if wanted saturated; then
			rounds 'as many as are answered' "$listed" -queries "$QUERIES"
			rounds 'the same with EDNS' "$listed" -queries "$QUERIES" -edns
		fi
		if wanted rates; then
			for rate in 5000 10000 50000 150000; do
				rounds "$rate a second" "$listed" -queries $((rate * SECONDS_AT_RATE)) -rate "$rate"
			done
		fi
		if wanted changes; then
			changing '50000 a second, 10000 reports a second under way (their CPU counted)' "$listed" 10000
		fi
		stop "$penaltybox_pid"
		penaltybox_pid=''
		rm -rf "$scratch/state"
	fi
	if wanted lean; then
		start_redis "$listed"
		say '' '| server | start to ready | CPU of it | RSS |' '|---|---|---|---|'
		start_lean "$listed"
		subject=$LEAN subject_pid=$lean_pid
		header
		rounds 'DNS alone: as many as are answered' "$listed" -queries "$QUERIES"
		start_reporting
		changing 'DNS alone: 50000 a second, 1000 reports a second elsewhere' "$listed" 1000
		say '' "Afterwards: the DNS-only node has $(rss "$lean_pid"), rbldnsd $(rss "$rbldnsd_pid")."
		stop "$penaltybox_pid" "$lean_pid" "$redis_pid"
		penaltybox_pid='' lean_pid='' redis_pid=''
		rm -rf "$scratch/state" "$scratch/lean"
	fi
	stop "$rbldnsd_pid"
	rbldnsd_pid=''
	rm -f "$scratch/bl.zone" "$scratch/list.backup"
done

say '' '### The bars' '' '| figure | bar |' '|---|---|' \
	'| CPU per query at saturation, 1 M / 10 M listed | at most 0.90 / 0.75 of rbldnsd |' \
	'| CPU per query at 5 k, 50 k, 150 k queries a second | at most 1.2 of rbldnsd |' \
	'| p50 at 10 k queries a second | not above rbldnsd |' \
	'| RSS of a DNS-only node, 1 M / 10 M | at most rbldnsd + 15 MiB / rbldnsd |' \
	'| lost or wrong while listings change | 0 |' \
	'| start to ready with 10 M, embedded / Redis | at most 10 s / 30 s |'
