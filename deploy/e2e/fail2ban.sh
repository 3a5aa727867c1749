#!/usr/bin/env bash
# fail2ban as Debian ships it bans attackers from the logs of three servers and
# reports them with its own actions, whose address alone is changed: two servers
# as if to AbuseIPDB, one as if to blocklist.de. DNS lists the attackers after
# the third. A fourth server reports with the action of deploy/clients, which
# keeps the key out of command lines and tells nothing twice, and whose jails over
# one log count once.
#
#   deploy/e2e/fail2ban.sh [PENALTYBOX]
#
# What is changed stands in reportapi/compat/README.md and is read from there.
# See stage.sh for what surrounds this.
. "$(dirname "$0")/stage.sh"
. "$(dirname "$0")/clients.sh"

readonly NEEDS=(fail2ban-server:fail2ban fail2ban-client:fail2ban)
readonly BOX=127.0.0.53 HTTP=http://127.0.0.1:8080
readonly PRIVATE=192.168.7.7
ATTACKERS=(203.0.113.50 2001:db8:0:50::7)
README=$(realpath "$(dirname "$0")/../../reportapi/compat/README.md")
readonly README

start_penaltybox() {
	daemon penaltybox "$PENALTYBOX" serve --state "$WORK/state" --zone "$ZONE" \
		--dns-listen "$BOX:53" --http-listen "${HTTP#http://}"
	wait_for 20 "penaltybox to be ready" curl -sf "$HTTP/readyz"
	export PENALTYBOX_STATE=$WORK/state PENALTYBOX_URL=$HTTP
}

# override SERVICE prints what the README puts into the action of a service.
override() {
	awk -v service="/compat/$1/" '
	/^```ini/ { block = ""; inside = 1; next }
	/^```/ { if (inside && index(block, service)) printf "%s", block; inside = 0 }
	inside { block = block $0 "\n" }' "$README" | sed "s|https://bl.example|$HTTP|"
}

# configure_server NAME takes Debian's configuration as it is; what stands in
# jail.local is read from standard input.
configure_server() {
	local etc=$WORK/$1/etc
	mkdir "$WORK/$1" && cp -r /etc/fail2ban "$etc"
	rm -f "$etc"/jail.d/*.conf # sshd, of which there is no log here
	if [ "$1" = srv2 ]; then
		client fail2ban/abuseipdb.local >"$etc/action.d/abuseipdb.local"
	else
		override abuseipdb >"$etc/action.d/abuseipdb.local"
	fi
	client fail2ban/penaltybox.conf >"$etc/action.d/penaltybox.conf"
	override blocklistde >"$etc/action.d/blocklist_de.local"
	grep -q "$HTTP/compat" "$etc/action.d/abuseipdb.local" || fail "the README has no action for AbuseIPDB"
	grep -q "$HTTP/compat" "$etc/action.d/blocklist_de.local" || fail "the README has no action for blocklist.de"
	cat >"$etc/fail2ban.local" <<-END
		[Definition]
		logtarget = STDOUT
		dbfile = $WORK/$1/fail2ban.sqlite3
	END
	{
		printf '[DEFAULT]\nbackend = polling\nsshd_backend = polling\nmaxretry = 3\nlogpath = %s\nsshd_log = %s\n' "$WORK/$1/auth.log" "$WORK/$1/auth.log"
		cat
	} >"$etc/jail.local"
	: >"$WORK/$1/auth.log"
}

# start_server NAME starts a server's fail2ban.
start_server() {
	local own=(-c "$WORK/$1/etc" -s "$WORK/$1/sock" -p "$WORK/$1/pid")
	daemon "$1" fail2ban-server "${own[@]}" -f start
	wait_for 30 "fail2ban on $1" fail2ban-client "${own[@]}" ping
	wait_for 10 "the jail on $1" grep -q "Jail 'sshd' started" "$LOG/$1"
}

stop_server() {
	fail2ban-client -c "$WORK/$1/etc" -s "$WORK/$1/sock" -p "$WORK/$1/pid" stop >/dev/null
	wait "$DAEMON" || true
}

# attack NAME: what sshd writes when strangers guess passwords; each connection
# has a process of its own, by which fail2ban tells them apart.
attack() {
	local attacker pid=41000 end
	for attacker in "${ATTACKERS[@]}" "$PRIVATE"; do
		end=$((pid + 4))
		while [ "$pid" -lt "$end" ]; do
			pid=$((pid + 1))
			printf '%s %s sshd[%d]: Failed password for invalid user admin from %s port %d ssh2\n' \
				"$(date '+%b %e %H:%M:%S')" "$1" "$pid" "$attacker" "$pid"
		done
	done >>"$WORK/$1/auth.log"
}

key() { (umask 077 && "$PENALTYBOX" reporter add "$1" >"$WORK/$1.key") && cat "$WORK/$1.key"; }

# outcomes OUTCOME prints how many reports became that.
outcomes() { curl -sf "$HTTP/metrics" | sed -n "s/^penaltybox_reports_total{outcome=\"$1\"} //p"; }

become() { [ "$(outcomes "$1")" = "$2" ]; }

points() {
	curl -sf -H "Authorization: Bearer $(cat "$WORK/state/admin.key")" "$HTTP/v1/ips/$1" | grep -o '"score":[0-9]*' | head -n 1
}

listed() { [ -n "$(look_up $BOX "$1")" ]; }

# all_at_ease NAME: fail2ban logs an error whenever curl does not succeed.
all_at_ease() {
	grep -q "Ban $PRIVATE" "$LOG/$1" || fail "fail2ban on $1 did not ban $PRIVATE"
	! grep -E 'ERROR|CRITICAL|Traceback' "$LOG/$1" || fail "fail2ban on $1 is not at ease"
}

# calls_about ADDRESS N tells whether so many calls of curl were about an address.
calls_about() { [ "$(grep -c "ip=$1 " "$LOG/srv4-curl")" = "$2" ]; }

# own_action: srv4 has the jail of deploy/clients, without the ban itself, another
# over the same log, and a curl that tells how it was called.
own_action() {
	local calls=$LOG/srv4-curl attacker
	mkdir "$WORK/bin"
	printf '#!/bin/sh\nprintf "%%s\\n" "$*" >>"%s"\nexec %s "$@"\n' "$calls" "$(command -v curl)" >"$WORK/bin/curl"
	chmod +x "$WORK/bin/curl"
	configure_server srv4 < <(
		client fail2ban/jail.local | sed -n '/^\[sshd\]/,/^$/p' | sed 's/%(action_)s//'
		printf 'enabled = true\n[DEFAULT]\nbantime = 1h\n'
		printf '[sshd-more]\nenabled = true\nfilter = sshd[mode=aggressive]\naction = penaltybox[kind=ssh.bruteforce]\n'
	)
	(umask 077 && printf 'Authorization: Bearer %s\n' "$(key srv4)" >"$WORK/srv4/header")
	printf '[Init]\nheader = %s\n' "$WORK/srv4/header" >"$WORK/srv4/etc/action.d/penaltybox.local"
	PATH=$WORK/bin:$PATH start_server srv4
	attack srv4
	wait_for 30 "srv4 to report both attackers" become recorded 8
	wait_for 30 "srv4's second jail to report the same" become duplicate 4
	for attacker in "${ATTACKERS[@]}"; do
		expect "points of $attacker after four servers" "$(points "$attacker")" '"score":80'
	done
	wait_for 30 "srv4 to report $PRIVATE" calls_about $PRIVATE 2
	expect "calls of curl with a key" "$(grep -c -e pbx_ -e Bearer "$calls")" 0
	expect "calls of curl" "$(grep -c . "$calls")" 6
	stop_server srv4
	PATH=$WORK/bin:$PATH start_server srv4
	wait_for 30 "srv4 to ban again what was banned" grep -q "Restore Ban ${ATTACKERS[0]}" "$LOG/srv4"
	ATTACKERS=(203.0.113.51)
	attack srv4
	wait_for 30 "srv4 to report another" become recorded 9
	wait_for 30 "srv4's second jail to report the same" become duplicate 5
	expect "calls of curl after a restart" "$(grep -c . "$calls")" 8
	all_at_ease srv4
	show "srv4: our own action keeps the key out of command lines, counts two jails over one log once, and does not report again after a restart"
}

story() {
	local server attacker
	start_penaltybox
	# Two jails over one log, which report each event twice.
	configure_server srv1 <<-END
		action = abuseipdb[abuseipdb_apikey="$(key srv1)", abuseipdb_category="18,22"]
		[sshd]
		enabled = true
		[sshd-more]
		enabled = true
		filter = sshd[mode=aggressive]
	END
	configure_server srv2 <<-END
		action = abuseipdb[abuseipdb_apikey="$(key srv2)", abuseipdb_category="18,22"]
		[sshd]
		enabled = true
	END
	configure_server srv3 <<-END
		action = blocklist_de[email="root@srv3.example", apikey="$(key srv3)", service="%(__name__)s", agent="%(fail2ban_agent)s"]
		[sshd]
		enabled = true
	END
	for server in srv1 srv2 srv3; do start_server "$server"; done

	attack srv1
	wait_for 30 "srv1 to report both attackers" become recorded 2
	wait_for 30 "srv1's second jail to report the same" become duplicate 2
	for attacker in "${ATTACKERS[@]}"; do
		expect "points of $attacker after one server" "$(points "$attacker")" '"score":20'
	done
	show "srv1: two jails over one log count once: 20 points each"

	attack srv2
	wait_for 30 "srv2 to report both attackers" become recorded 4
	for attacker in "${ATTACKERS[@]}"; do
		expect "DNS about $attacker after two servers" "$(look_up $BOX "$attacker")" ""
	done
	attack srv3
	wait_for 30 "srv3 to report both attackers" become recorded 6
	for attacker in "${ATTACKERS[@]}"; do
		wait_for 30 "DNS to list $attacker" listed "$attacker"
		expect "DNS about $attacker" "$(look_up $BOX "$attacker")" "127.0.0.2 127.0.0.3"
		show "listed: $(look_up $BOX "$attacker" TXT)"
	done
	for server in srv1 srv2 srv3; do
		wait_for 10 "$server to ban $PRIVATE" grep -q "Ban $PRIVATE" "$LOG/$server"
		all_at_ease "$server"
	done
	own_action
	show "fail2ban: all held"
}

play "$@"
