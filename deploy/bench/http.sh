#!/usr/bin/env bash
# What reports over HTTP cost: one by one from 64 keep-alive clients, and in
# bulk, with the embedded ledger and with Redis; and CrowdSec's local API taking
# the same number of alerts with one decision each.
#
#   deploy/bench/http.sh [REPORTS]           (default: 100000, bulk: 5 times that)
#
# It needs Go; redis-server and the Debian package crowdsec are left out where
# they are missing (CROWDSEC=… and CSCLI=… name binaries that lie elsewhere).
# Everything runs on loopback, from a scratch directory. CrowdSec gets as many
# reports from as many clients (CROWDSEC_REPORTS=… for fewer), and both also get a
# tenth of them from a single client. CrowdSec's SQLite runs in WAL mode, and by one
# connection; both are to its advantage and not what Debian sets. With more
# connections it answers several clients 500, "database is locked".
#
# Shown are reports a second, the load generator on the same machine included, and
# the CPU time of each report: of the generator and of the server. Redis' own is
# shown apart. On a machine that does other work only the CPU times say something.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. deploy/bench/unprotect.sh

readonly REPORTS=${1:-100000}
readonly CROWDSEC_REPORTS=${CROWDSEC_REPORTS:-$REPORTS}
readonly HTTP=127.0.0.1:18940 DNS=127.0.0.1:18941 REDIS_PORT=18942 LAPI=127.0.0.1:18943
export PATH=$PATH:/usr/sbin LC_ALL=C

scratch=$(mktemp -d)
server='' redis=''
stop() { # PID
	if [ -n "$1" ] && kill "$1" 2>/dev/null; then wait "$1" || true; fi
}
trap 'stop "$server"; stop "$redis"; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
has() { command -v "$1" >/dev/null; }
until_answers() { # URL
	for _ in $(seq 300); do
		if curl -fs -o "$scratch/answer" "$1"; then return; fi
		sleep 0.1
	done
	echo "http.sh: $1 does not answer" >&2
	return 1
}
ticks() { # PID: its CPU time in hundredths of a second
	sed 's/.*) //' "/proc/$1/stat" | awk '{print $12 + $13}'
}

echo "load of the machine: $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) CPUs"
CGO_ENABLED=0 go build -tags nomsgpack -o "$scratch/penaltybox" .
CGO_ENABLED=0 go build -o "$scratch/httpload" ./deploy/bench/httpload

# penaltybox LABEL [FLAG…]: measures a server with these flags.
penaltybox() {
	local label=$1 state="$scratch/state-$1" before after
	shift
	"$scratch/penaltybox" serve --state "$state" --http-listen "$HTTP" --dns-listen "$DNS" --key-rate-limit 0 "$@" >"$scratch/log" 2>&1 &
	server=$!
	until_answers "http://$HTTP/readyz"
	unprotect "$scratch/penaltybox" "$state" "http://$HTTP"
	local load=("$scratch/httpload" -url "http://$HTTP/v1/incidents" -key-file "$state/admin.key" -pid "$server")
	before=$([ -z "$redis" ] || ticks "$redis")
	"${load[@]}" -label "$label, one by one, 64 clients" -reports "$REPORTS"
	after=$([ -z "$redis" ] || ticks "$redis")
	tell_redis "$before" "$after" "$REPORTS"
	"${load[@]}" -label "$label, one by one, 1 client" -clients 1 -reports $((REPORTS / 10)) -seed 5000000
	before=$after after=$([ -z "$redis" ] || ticks "$redis")
	tell_redis "$before" "$after" $((REPORTS / 10))
	"${load[@]}" -label "$label, NDJSON by 1,000, 8 clients" -clients 8 -rows 1000 -reports $((REPORTS * 5)) -seed 10000000
	tell_redis "$after" "$([ -z "$redis" ] || ticks "$redis")" $((REPORTS * 5))
	stop "$server"
	server=''
}
tell_redis() { # BEFORE AFTER REPORTS
	if [ -n "$redis" ]; then awk -v b="$1" -v a="$2" -v n="$3" 'BEGIN {printf "\tof which Redis itself\t%.1f µs each beside that\n", (a - b) * 10000 / n}'; fi
}

penaltybox embedded

if has redis-server; then
	mkdir "$scratch/redis"
	redis-server --port "$REDIS_PORT" --dir "$scratch/redis" --appendonly yes --appendfsync everysec --save '' --maxmemory-policy noeviction >"$scratch/redis.log" &
	redis=$!
	for _ in $(seq 100); do
		if redis-cli -p "$REDIS_PORT" ping >"$scratch/answer" 2>&1; then break; fi
		sleep 0.1
	done
	penaltybox redis-everysec --redis "redis://127.0.0.1:$REDIS_PORT/0"
	stop "$redis"
	redis=''
else
	echo "redis-server is missing: left out"
fi

CROWDSEC=${CROWDSEC:-crowdsec} CSCLI=${CSCLI:-cscli}
if ! has "$CROWDSEC" || ! has "$CSCLI"; then
	echo "crowdsec is missing: left out"
	exit
fi
mkdir -p "$scratch"/cs/{data,hub,notifications,plugins}
printf '{}\n' >"$scratch/cs/hub/.index.json"
printf 'name: none\nfilters:\n - "false"\non_success: break\n' >"$scratch/cs/profiles.yaml"
printf 'simulation: false\n' >"$scratch/cs/simulation.yaml"
: >"$scratch/cs/console.yaml"
printf 'url: http://%s\nlogin: bench\npassword: benchbenchbench\n' "$LAPI" >"$scratch/cs/credentials.yaml"
cat >"$scratch/cs/config.yaml" <<YAML
common: {daemonize: false, log_media: stdout, log_level: error, log_dir: $scratch/cs, working_dir: $scratch/cs}
config_paths:
  config_dir: $scratch/cs
  data_dir: $scratch/cs/data
  simulation_path: $scratch/cs/simulation.yaml
  hub_dir: $scratch/cs/hub
  index_path: $scratch/cs/hub/.index.json
  notification_dir: $scratch/cs/notifications
  plugin_dir: $scratch/cs/plugins
cscli: {output: human}
db_config: {log_level: error, type: sqlite, db_path: $scratch/cs/data/crowdsec.db, use_wal: true, max_open_conns: 1}
api:
  client: {credentials_path: $scratch/cs/credentials.yaml}
  server:
    log_level: error
    listen_uri: $LAPI
    profiles_path: $scratch/cs/profiles.yaml
    console_path: $scratch/cs/console.yaml
prometheus: {enabled: false}
YAML
"$CSCLI" -c "$scratch/cs/config.yaml" machines add bench --password benchbenchbench -f "$scratch/cs/credentials.yaml" >"$scratch/log" 2>&1
"$CROWDSEC" -c "$scratch/cs/config.yaml" -no-cs >"$scratch/log" 2>&1 &
server=$!
until_answers "http://$LAPI/health"
curl -sS -X POST "http://$LAPI/v1/watchers/login" -H 'Content-Type: application/json' -d '{"machine_id":"bench","password":"benchbenchbench"}' |
	sed 's/.*"token":"\([^"]*\)".*/\1/' >"$scratch/token"
load=("$scratch/httpload" -url "http://$LAPI/v1/alerts" -key-file "$scratch/token" -shape alert -pid "$server")
"${load[@]}" -reports "$CROWDSEC_REPORTS" -label "crowdsec, one by one, 64 clients"
"${load[@]}" -reports $((CROWDSEC_REPORTS / 10)) -clients 1 -seed 5000000 -label "crowdsec, one by one, 1 client"
