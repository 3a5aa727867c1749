#!/usr/bin/env bash
# What reading a log costs: penaltybox parse beside fail2ban-regex, sshg-parser
# and crowdsec, on the same generated logs in the same run.
#
#   deploy/bench/parsers.sh [LINES]          (default: 2000000)
#
# It needs Go, and installs nothing; of the Debian packages fail2ban, sshguard
# and crowdsec those that are missing are left out. The logs are a host's that is
# attacked all day (auth.log: guessed passwords, closed connections, cron,
# log-ins, and one line in 150 of a hard kind), and a forum's (access.log,
# combined: one request in 50 is for what is not there).
#
# Shown are lines per second of CPU time, user and system, of the whole process,
# the best of ROUNDS (default 5) rounds in which all take turns. fail2ban-regex
# and crowdsec are slow: they read the first SLOW_LINES (default 40000), and what
# they need to start is taken off, which is to their advantage. crowdsec only
# parses: there are no scenarios, and nothing is enriched but the time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly LINES=${1:-2000000} SLOW_LINES=${SLOW_LINES:-40000} ROUNDS=${ROUNDS:-5}
readonly CROWDSEC_API=${CROWDSEC_API:-127.0.0.1:18930}
export PATH=$PATH:/usr/sbin:/usr/libexec/sshguard:/usr/lib/sshguard LC_ALL=C

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
progress() { if [ -t 2 ]; then printf '\r\033[K%s' "$1" >&2; fi; }
has() { command -v "$1" >/dev/null; }

auth_log() {
	awk -v lines="$LINES" '
	function pick(n) { return int(rand() * n) }
	function say(program, text) {
		if (n++ < lines) printf "Nov %2d %02d:%02d:%02d host %s[%d]: %s\n", 1 + int(t / 86400) % 22, t / 3600 % 24, t / 60 % 60, t % 60, program, pid, text
	}
	function sshd(text) { say("sshd", text) }
	BEGIN {
		srand(1)
		for (i = 0; i < 5000; i++) client[i] = (11 + pick(200)) "." pick(256) "." pick(256) "." pick(256)
		names = split("root admin test ubuntu oracle postgres git guest pi ftp", name)
		while (n < lines) {
			t += pick(4); pid = 1000 + pick(90000); k = rand()
			who = name[1 + pick(names)]; from = client[pick(5000)]; port = " port " (1024 + pick(60000))
			if (k < .35) {
				sshd("Invalid user " who " from " from port)
				sshd("pam_unix(sshd:auth): check pass; user unknown")
				sshd("pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=" from)
				sshd("Failed password for invalid user " who " from " from port " ssh2")
				sshd("Received disconnect from " from port ":11: Bye Bye [preauth]")
				sshd("Disconnected from invalid user " who " " from port " [preauth]")
			} else if (k < .65) {
				sshd("pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=" from "  user=root")
				sshd("Failed password for root from " from port " ssh2")
				sshd("Connection closed by authenticating user root " from port " [preauth]")
			} else if (k < .8) {
				say("CRON", "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)")
				say("CRON", "pam_unix(cron:session): session closed for user root")
			} else if (k < .95) {
				sshd("Accepted publickey for deploy from " from port " ssh2: ED25519 SHA256:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
				sshd("pam_unix(sshd:session): session opened for user deploy(uid=1000) by (uid=0)")
				sshd("pam_unix(sshd:session): session closed for user deploy")
			} else if (k < .985) {
				sshd("Connection closed by " from port " [preauth]")
			} else {
				for (i = 0; i < 6; i++) sshd("Failed password for root from " from port " ssh2")
				sshd("error: maximum authentication attempts exceeded for root from " from port " ssh2 [preauth]")
				sshd("Disconnecting authenticating user root " from port ": Too many authentication failures [preauth]")
			}
		}
	}'
}

access_log() {
	awk -v lines="$LINES" '
	function pick(n) { return int(rand() * n) }
	BEGIN {
		srand(2)
		probes = split("/wp-login.php /.env /xmlrpc.php /phpmyadmin/ /favicon.png /.git/config /apple-touch-icon.png /old/page", probe)
		while (n++ < lines) {
			t += pick(3); from = (11 + pick(200)) "." pick(256) "." pick(256) "." pick(256); k = rand()
			path = "/viewtopic.php?t=" pick(100000); status = 200
			if (k < .3) path = "/styles/default/theme/image-" pick(500) ".png"
			else if (k < .4) status = 304
			else if (k < .42) { path = probe[1 + pick(probes)]; status = 404 }
			printf "%s - - [%02d/Nov/2026:%02d:%02d:%02d +0000] \"GET %s HTTP/1.1\" %d %d \"https://forum.example/index.php\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"\n", from, 1 + int(t / 86400) % 22, t / 3600 % 24, t / 60 % 60, t % 60, path, status, pick(50000)
		}
	}'
}

# crowdsec_home makes a crowdsec that parses sshd's and nginx's lines, with a
# local API on loopback, which it cannot do without.
crowdsec_home() {
	local home=$scratch/crowdsec hub=/usr/share/crowdsec/hub/parsers
	mkdir -p "$home"/{data,hub,scenarios,postoverflows,collections,acquis.d,parsers/{s00-raw,s01-parse,s02-enrich}}
	cp -r /etc/crowdsec/patterns /etc/crowdsec/{profiles,simulation}.yaml "$home"
	cp "$hub"/s00-raw/crowdsecurity/syslog-logs.yaml "$home/parsers/s00-raw"
	cp "$hub"/s01-parse/crowdsecurity/{sshd,nginx}-logs.yaml "$home/parsers/s01-parse"
	cp "$hub"/s02-enrich/crowdsecurity/dateparse-enrich.yaml "$home/parsers/s02-enrich"
	# Lines of web servers come without a header of syslog.
	cat >"$home/parsers/s00-raw/plain.yaml" <<-END
		filter: "evt.Line.Labels.type == 'nginx'"
		onsuccess: next_stage
		name: bench/plain
		statics:
		  - {parsed: message, expression: evt.Line.Raw}
		  - {parsed: program, expression: evt.Line.Labels.type}
	END
	cp /usr/share/crowdsec/hub/.index.json "$home/hub"
	: >"$home/key.yaml"
	cat >"$home/config.yaml" <<-END
		common: {daemonize: false, log_media: stdout, log_level: error, working_dir: .}
		config_paths: {config_dir: $home, data_dir: $home/data, simulation_path: $home/simulation.yaml, hub_dir: $home/hub,
		  index_path: $home/hub/.index.json, notification_dir: $home, plugin_dir: $home}
		crowdsec_service: {acquisition_dir: $home/acquis.d, parser_routines: 1}
		db_config: {log_level: error, type: sqlite, db_path: $home/data/crowdsec.db}
		api:
		  client: {credentials_path: $home/key.yaml}
		  server: {log_level: error, listen_uri: "$CROWDSEC_API", profiles_path: $home/profiles.yaml}
		prometheus: {enabled: false}
	END
	cscli -c "$home/config.yaml" machines add bench -a --force -f "$home/key.yaml" >/dev/null 2>&1
}

# Each program by a name, and how it reads a log.
read_log() { # NAME LOG
	case $1 in
	penaltybox*hard) "$scratch/penaltybox" parse "$2" --tz UTC --tier hard "$scratch/$2.log" ;;
	penaltybox*all) "$scratch/penaltybox" parse "$2" --tz UTC --tier soft "$scratch/$2.log" ;;
	sshg-parser) sshg-parser <"$scratch/$2.log" ;;
	fail2ban-regex) if [ "$2" = sshd ]; then fail2ban-regex "$scratch/$2.slow" sshd; else fail2ban-regex "$scratch/$2.slow" nginx-botsearch; fi ;;
	crowdsec) if [ "$2" = sshd ]; then crowdsec_on syslog "$2"; else crowdsec_on nginx "$2"; fi ;;
	esac
}
crowdsec_on() { crowdsec -c "$scratch/crowdsec/config.yaml" -type "$1" -dsn "file://$scratch/$2.slow"; }

# cpu NAME LOG tells the CPU seconds of one run.
cpu() {
	local TIMEFORMAT='%U %S'
	{ time read_log "$1" "$2" >"$scratch/out" 2>"$scratch/err"; } 2>"$scratch/time" || { cat "$scratch/err" >&2; echo "$1 on $2 failed" >&2; exit 1; }
	awk '{ print $1 + $2 }' "$scratch/time"
}

declare -A best start
# measure NAME LOG keeps the best time.
measure() {
	local seconds
	progress "$1 reads $2.log"
	seconds=$(cpu "$1" "$2")
	best[$1 $2]=$(awk -v a="${best[$1 $2]:-1e9}" -v b="$seconds" 'BEGIN { print a < b ? a : b }')
}
is_slow() { [ "$1" = fail2ban-regex ] || [ "$1" = crowdsec ]; }

# rate NAME LOG tells lines per second of CPU time.
rate() {
	local lines=$LINES off=0
	if is_slow "$1"; then lines=$SLOW_LINES off=${start[$1 $2]}; fi
	awk -v lines="$lines" -v seconds="${best[$1 $2]}" -v off="$off" 'BEGIN { print lines / (seconds - off) }'
}

progress 'building, and generating logs'
CGO_ENABLED=0 go build -tags nomsgpack -o "$scratch/penaltybox" .
auth_log >"$scratch/sshd.log"
access_log >"$scratch/web.log"
for log in sshd web; do
	head -n 1 "$scratch/$log.log" >"$scratch/$log.one"
	head -n "$SLOW_LINES" "$scratch/$log.log" >"$scratch/$log.most"
done

peers=()
for peer in sshg-parser fail2ban-regex crowdsec; do
	if has "$peer"; then peers+=("$peer"); else echo "$peer is missing" >&2; fi
done
if has crowdsec; then crowdsec_home; fi

# What the slow ones need for one line.
for log in sshd web; do
	ln -sf "$scratch/$log.one" "$scratch/$log.slow"
	for peer in ${peers[@]+"${peers[@]}"}; do
		if is_slow "$peer"; then start[$peer $log]=$(cpu "$peer" "$log"); fi
	done
	ln -sf "$scratch/$log.most" "$scratch/$log.slow"
done
for ((round = 1; round <= ROUNDS; round++)); do
	for log in sshd web; do
		for name in 'penaltybox, all' 'penaltybox, hard' ${peers[@]+"${peers[@]}"}; do
			measure "$name" "$log"
		done
	done
done

progress ''
printf '%s, %s CPUs, load %s at the end, %s lines, best of %s\n\n' "$(go version)" "$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)" "$LINES" "$ROUNDS"
for log in sshd web; do
	printf '| %s | thousand lines per CPU-second | all kinds is faster by | hard kinds by |\n|---|---|---|---|\n' "$log"
	for name in 'penaltybox, all' 'penaltybox, hard' ${peers[@]+"${peers[@]}"}; do
		awk -v name="$name" -v rate="$(rate "$name" "$log")" -v all="$(rate 'penaltybox, all' "$log")" -v hard="$(rate 'penaltybox, hard' "$log")" \
			'BEGIN { printf "| %s | %.4g | %.3g × | %.3g × |\n", name, rate / 1000, all / rate, hard / rate }'
	done
	echo
done
