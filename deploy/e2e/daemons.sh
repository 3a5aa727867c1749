#!/usr/bin/env bash
# Real daemons are attacked, and their own logs are followed live into a running
# server: DNS lists every attacker, and nobody whom an attacker tried to frame.
#
#   deploy/e2e/daemons.sh [PENALTYBOX]
#
# Each daemon has an address of its own, and an attacker of its own beyond the
# wire, who weaves the address of an innocent into all that he may say: names,
# paths, farewells. Only then he does what is listed. How the daemons are run and
# attacked stands in daemons/. See stage.sh for what surrounds this.
. "$(dirname "$0")/stage.sh"
for part in "$(dirname "$0")"/daemons/*.sh; do . "$part"; done

readonly NEEDS=(
	busybox:busybox sshd:openssh-server ssh:openssh-client nginx:nginx-light
	apache2:apache2-bin dovecot:dovecot-core /usr/lib/dovecot/imap-login:dovecot-imapd postfix:postfix vsftpd:vsftpd
)
CONVERSE=$(realpath "$(dirname "$0")/daemons/converse")
readonly CONVERSE BOX=127.0.0.53 HTTP=http://127.0.0.1:8080
readonly DAEMONS=(sshd nginx apache dovecot postfix vsftpd)

# address DAEMON: where it listens; its attacker; whom the attacker frames.
address() { echo "203.0.113.$(number "$1")"; }
attacker() { echo "203.0.113.$((100 + $(number "$1")))"; }
innocent() { echo "198.51.100.$(number "$1")"; }

number() {
	local i
	for i in "${!DAEMONS[@]}"; do
		[ "${DAEMONS[i]}" != "$1" ] || echo $((i + 1))
	done
}

# An attacker's packets to his daemon come from his own address.
start_strangers() {
	local whom
	start_outside
	for whom in "${DAEMONS[@]}"; do
		ip address add "$(address "$whom")/24" dev wire
		outside ip address add "$(attacker "$whom")/24" dev wire
		outside ip route add "$(address "$whom")/32" dev wire src "$(attacker "$whom")"
	done
}

start_penaltybox() {
	daemon penaltybox "$PENALTYBOX" serve --state "$WORK/state" --zone "$ZONE" \
		--dns-listen "$BOX:53" --http-listen "${HTTP#http://}"
	wait_for 20 "penaltybox to be ready" curl -sf "$HTTP/readyz"
	export PENALTYBOX_STATE=$WORK/state PENALTYBOX_URL=$HTTP
}

# start_watching follows every daemon's log, as the machine's own reporter.
start_watching() {
	local whom
	(umask 077 && "$PENALTYBOX" reporter add host1 >"$WORK/watch.key")
	{
		printf 'server: %s\nkey_file: %s\nstate: %s\nmetrics: %s\nsources:\n' \
			"$HTTP" "$WORK/watch.key" "$WORK/watching" "$WORK/watch.prom"
		for whom in "${DAEMONS[@]}"; do "watch_$whom"; done
	} >"$WORK/watch.yaml"
	daemon watch "$PENALTYBOX" watch --config "$WORK/watch.yaml"
	wait_for 10 "the watcher" grep -q msg=watching "$LOG/watch"
}

# attack DAEMON: first forgeries, which must be in its log, then what counts.
attack() {
	local log
	log=$("log_of_$1")
	"forge_$1" "$(address "$1")" "$(innocent "$1")"
	wait_for 20 "$1 to write what was forged to its log" grep -q "$(innocent "$1" | sed 's/\./[.]/g')" "$log"
	"attack_$1" "$(address "$1")"
	wait_for 30 "DNS to list the attacker of $1" listed "$(attacker "$1")"
	show "$1: $(attacker "$1") is listed: $(look_up $BOX "$(attacker "$1")" TXT)"
}

# greets ADDRESS PORT: a server says something of its own accord.
greets() { timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2" && read -r <&3' - "$@"; }

listed() { [ -n "$(look_up $BOX "$1")" ]; }

# all_is_read holds when the watcher has read every line of every log, and the
# server has taken all that it found.
all_is_read() {
	local log lines logs=0
	while read -r log lines; do
		[ "$lines" -eq "$(wc -l <"$log")" ] || return
		logs=$((logs + 1))
	done < <(sed -n 's/^penaltybox_watch_lines_total{.*log="\(.*\)"} /\1 /p' "$WORK/watch.prom")
	[ "$logs" -eq "$(grep -c 'service:' "$WORK/watch.yaml")" ] && [ "$(count incidents_total)" -eq "$(count rows_total)" ]
}

count() { awk -v name="^penaltybox_watch_$1{" '$0 ~ name { n += $2 } END { print n + 0 }' "$WORK/watch.prom"; }

# none_but_attackers holds when nobody else has as much as a point.
none_but_attackers() {
	local whom got
	for whom in "${DAEMONS[@]}"; do
		expect "DNS about $(innocent "$whom"), framed by the attacker of $whom" "$(look_up $BOX "$(innocent "$whom")")" ""
	done
	got=$("$PENALTYBOX" list --threshold 1 | grep -v '^#' | sort -V | paste -sd ' ')
	expect "who has any points" "$got" "$(for whom in "${DAEMONS[@]}"; do attacker "$whom"; done | sort -V | paste -sd ' ')"
	show "nobody else has as much as a point"
}

story() {
	local whom attack attacks=()
	SYSLOG=$LOG/syslog
	start_syslogd "$SYSLOG"
	start_strangers
	start_penaltybox
	for whom in "${DAEMONS[@]}"; do "start_$whom" "$(address "$whom")"; done
	start_watching
	for whom in "${DAEMONS[@]}"; do
		attack "$whom" &
		attacks+=($!)
	done
	for attack in "${attacks[@]}"; do wait "$attack" || exit 1; done
	wait_for 40 "the watcher to have read all" all_is_read
	show "of $(count lines_total) lines, $(count incidents_total) were reported, $(count refused_lines_total) refused"
	none_but_attackers
	show "daemons: all held"
}

play "$@"
