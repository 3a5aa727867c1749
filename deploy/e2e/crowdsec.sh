#!/usr/bin/env bash
# CrowdSec's own programs, unmodified, with their packages' settings and the files
# of deploy/clients/crowdsec beside them, in which nothing is changed but the key:
# bouncers enforce what is listed, an agent reports what it finds in a log, and
# cscli lists and deletes by hand.
#
#   deploy/e2e/crowdsec.sh [PENALTYBOX]
#
# The firewall bouncer keeps a real nftables set, in this story's own network
# namespace. The programs come from their Debian packages, which are unpacked
# and not installed, because installing them starts services. See stage.sh for
# what surrounds this.
. "$(dirname "$0")/stage.sh"
. "$(dirname "$0")/clients.sh"

readonly NEEDS=(nft:nftables apt-get:apt dpkg-deb:dpkg)
readonly HTTP=http://127.0.0.1:8080
readonly PACKAGES=(crowdsec crowdsec-custom-bouncer crowdsec-firewall-bouncer)

# fetch unpacks the packages, while there is still a network.
fetch() {
	mkdir "$WORK/packages" "$WORK/root"
	(cd "$WORK/packages" && apt-get -q -o Acquire::Retries=3 download "${PACKAGES[@]}" >"$WORK/log/download" 2>&1) || {
		cat "$WORK/log/download" >&2
		echo 'cannot download the packages of CrowdSec; run: apt-get update' >&2
		exit 1
	}
	local package
	for package in "$WORK"/packages/*.deb; do dpkg-deb -x "$package" "$WORK/root"; done
}

start_penaltybox() {
	daemon penaltybox "$PENALTYBOX" serve --state "$WORK/state" --zone "$ZONE" \
		--dns-listen 127.0.0.53:53 --http-listen "${HTTP#http://}" --public-url "$HTTP" --log-level debug
	wait_for 20 "penaltybox to be ready" curl -sf "$HTTP/readyz"
	export PENALTYBOX_STATE=$WORK/state PENALTYBOX_URL=$HTTP
}

key_for() { "$PENALTYBOX" reporter add "$1" --role "$2"; }

# ready_bouncer NAME makes a bouncer's settings: the package's, which this world
# bends to what it has (no daemons, this folder, once a second), and above them
# our file, with a key of its own.
ready_bouncer() {
	local own=$WORK/$1.yaml
	sed "s|^daemonize:.*|daemonize: false|; s|^log_mode:.*|log_mode: stdout|; s|^update_frequency:.*|update_frequency: 1s|
		s|^cache_retention_duration:.*|cache_retention_duration: 1s|; s|^\(pid_\?dir\):.*|\1: $WORK|
		/^prometheus:/,\$ s|enabled: true|enabled: false|" "$WORK/root/etc/crowdsec/bouncers/$1.yaml" >"$own"
	(umask 077 && client "crowdsec/$1.yaml.local" | sed "s|pbx_…|$(key_for "${1#crowdsec-}" reader)|" >"$own.local")
}

# The custom bouncer calls a program for each change: add or del, address,
# seconds, scenario.
start_custom_bouncer() {
	mount -t tmpfs -o mode=755 tmpfs /usr/local/bin
	printf '#!/bin/sh\necho "$1 $2 $3 $4" >>%s\n' "$LOG/custom" >/usr/local/bin/on-decision
	chmod 755 /usr/local/bin/on-decision
	: >"$LOG/custom"
	ready_bouncer crowdsec-custom-bouncer
	daemon custom-bouncer crowdsec-custom-bouncer -c "$WORK/crowdsec-custom-bouncer.yaml"
}

start_firewall_bouncer() {
	ready_bouncer crowdsec-firewall-bouncer
	daemon firewall-bouncer crowdsec-firewall-bouncer -c "$WORK/crowdsec-firewall-bouncer.yaml"
	wait_for 15 "the firewall bouncer's set" nft list set ip crowdsec crowdsec-blacklists
}

# blocked ADDRESS: the kernel's set holds it.
blocked() {
	case $1 in
	*:*) grep -qF "$1" <<<"$(nft list set ip6 crowdsec6 crowdsec6-blacklists)" ;;
	*) grep -qE "(^|[^0-9])${1//./[.]}([^0-9]|$)" <<<"$(nft list set ip crowdsec crowdsec-blacklists)" ;;
	esac
}
free() { ! blocked "$1"; }

# said WORDS: the custom bouncer was told so.
said() { grep -q "^$1 " "$LOG/custom"; }

strike() { "$PENALTYBOX" report "$1" hacked.host --ttl "$2" >/dev/null; }

listing() {
	strike 203.0.113.7 1h
	wait_for 10 "nftables to block 203.0.113.7" blocked 203.0.113.7
	wait_for 10 "the custom bouncer to add 203.0.113.7" said 'add 203[.]0[.]113[.]7'
	strike 2a01:4f8:1:2::5 1h
	wait_for 10 "the custom bouncer to add the /64" said 'add 2a01:4f8:1:2::/64'
	# This bouncer cuts the prefix off (its own issues 396 and 412).
	wait_for 10 "nftables to block something of the /64" blocked 2a01:4f8:1:2::
	show "listing: 203.0.113.7 is blocked, and of 2a01:4f8:1:2::/64 what the bouncer can"
}

# nftables takes no new timeout for what it holds, so an extension must be told
# again when the first has run out.
extension() {
	strike 203.0.113.8 30s
	wait_for 25 "nftables to block 203.0.113.8" blocked 203.0.113.8
	strike 203.0.113.8 1h
	local again=$((SECONDS + 35))
	wait_for 25 "the custom bouncer to hear of the extension" grep -qE '^add 203[.]0[.]113[.]8 3[56][0-9]{2} ' "$LOG/custom"
	while [ "$SECONDS" -lt "$again" ]; do sleep 1; done
	wait_for 20 "nftables to block 203.0.113.8 again" blocked 203.0.113.8
	local set
	set=$(nft list set ip crowdsec crowdsec-blacklists)
	grep -qE '203[.]0[.]113[.]8 timeout (59m|1h)' <<<"$set" || fail "203.0.113.8 is not blocked for an hour: $set"
	show "extension: 203.0.113.8 is blocked beyond its first end"
}

delisting() {
	strike 203.0.113.9 20s
	strike 203.0.113.10 1h
	wait_for 18 "nftables to block both" eval 'blocked 203.0.113.9 && blocked 203.0.113.10'
	"$PENALTYBOX" withdraw 203.0.113.10 --reason "a customer's phone" >/dev/null
	wait_for 10 "nftables to let 203.0.113.10 go" free 203.0.113.10
	wait_for 10 "the custom bouncer to let 203.0.113.10 go" said 'del 203[.]0[.]113[.]10'
	wait_for 40 "nftables to let 203.0.113.9 go" free 203.0.113.9
	"$PENALTYBOX" exempt add 203.0.113.7 --reason "our office" >/dev/null
	wait_for 10 "nftables to let 203.0.113.7 go" free 203.0.113.7
	show "delisting: withdrawn, expired and exempt addresses are free"
}

# A restart forgets how far clients have read; what was withdrawn just before
# they asked last must be let go all the same.
restart() {
	strike 203.0.113.11 1h
	wait_for 10 "nftables to block 203.0.113.11" blocked 203.0.113.11
	kill -STOP "$FIREWALL"
	"$PENALTYBOX" withdraw 203.0.113.11 --reason "a mistake" >/dev/null
	kill "$SERVER" && wait "$SERVER" || true
	start_penaltybox
	kill -CONT "$FIREWALL"
	wait_for 15 "nftables to let 203.0.113.11 go after the restart" free 203.0.113.11
	blocked 203.0.113.8 || fail "203.0.113.8 was let go by the restart"
	show "restart: what was withdrawn meanwhile is free, what is listed blocked"
}

# configure_crowdsec NAME KEY makes the configuration of an agent and cscli.
configure_crowdsec() {
	local home=$WORK/$1 hub=$WORK/root/usr/share/crowdsec/hub
	mkdir -p "$home"/{data,hub,scenarios,postoverflows,collections,acquis.d,parsers/{s00-raw,s01-parse,s02-enrich}}
	cp -r "$WORK"/root/etc/crowdsec/patterns "$WORK"/root/etc/crowdsec/{acquis,profiles,simulation}.yaml "$home"
	cp "$hub"/parsers/s00-raw/crowdsecurity/syslog-logs.yaml "$home/parsers/s00-raw"
	cp "$hub"/parsers/s01-parse/crowdsecurity/sshd-logs.yaml "$home/parsers/s01-parse"
	cp "$hub"/parsers/s02-enrich/crowdsecurity/dateparse-enrich.yaml "$home/parsers/s02-enrich"
	cp "$hub"/scenarios/crowdsecurity/ssh-bf.yaml "$home/scenarios"
	cp "$hub/.index.json" "$home/hub"
	sed "s|/etc/crowdsec|$home|; s|/var/lib/crowdsec|$home|; s|/usr/lib/crowdsec|$home|; s|daemonize: true|daemonize: false|
		s|log_media: file|log_media: stdout|; s|output: human|output: raw|; /^prometheus:/,\$ s|enabled: true|enabled: false|" \
		"$WORK/root/etc/crowdsec/config.yaml" >"$home/config.yaml"
	client crowdsec/config.yaml.local >"$home/config.yaml.local"
	(umask 077 && client crowdsec/local_api_credentials.yaml | sed "s|web1|$1|; s|pbx_…|$2|" >"$home/local_api_credentials.yaml")
}

# agent reads a log in which somebody guesses passwords.
agent() {
	local log=$WORK/auth.log i run
	configure_crowdsec web1 "$(key_for web1 reporter)"
	for i in 1 2 3 4 5 6 7; do
		printf '%s srv1 sshd[4%d]: Failed password for invalid user secretuser%d from 198.51.100.77 port 4000%d ssh2\n' \
			"$(LC_ALL=C date '+%b %e %H:%M:%S')" "$i" "$i" "$i"
	done >"$log"
	for run in 1 2; do # a log that is read twice counts once
		timeout 60 crowdsec -c "$WORK/web1/config.yaml" -type syslog -dsn "file://$log" >>"$LOG/agent" 2>&1 ||
			fail "the agent ended with $? in run $run"
		expect "198.51.100.77 after run $run" "$(curl -s -H "Authorization: Bearer $ADMIN" "$HTTP/v1/ips/198.51.100.77" | points)" 'ssh.bruteforce 20'
	done
	! grep -q secretuser <<<"$(curl -s -H "Authorization: Bearer $ADMIN" "$HTTP/v1/ips/198.51.100.77")" || fail "a user's name is in the notes"
	show "agent: a log with a brute-force attack, read twice, is one ssh.bruteforce"
}

# points prints the kinds and points of incidents.
points() { grep -oE '"kind":"[a-z.]+"|"points":[0-9]+' | sed 's/.*://; s/"//g' | paste -sd ' '; }

by_hand() {
	local as
	configure_crowdsec helper "$(key_for helper moderator)"
	as="cscli -c $WORK/helper/config.yaml"
	$as decisions add --ip 198.51.100.80 --duration 1h --reason "seen by hand" >>"$LOG/cscli" 2>&1 || fail "cscli decisions add"
	wait_for 10 "nftables to block 198.51.100.80" blocked 198.51.100.80
	$as decisions list >"$LOG/cscli-list" 2>&1 || fail "cscli decisions list"
	grep -q 'Ip:198[.]51[.]100[.]80' "$LOG/cscli-list" || fail "cscli decisions list shows something else"
	$as decisions list --ip 198.51.100.81 >>"$LOG/cscli" 2>&1 || fail "cscli decisions list of what is not listed"
	$as -o human decisions delete --ip 198.51.100.80 >>"$LOG/cscli" 2>&1 || fail "cscli decisions delete"
	grep -q '1 decision(s) deleted' "$LOG/cscli" || fail "cscli did not say what it deleted"
	wait_for 10 "nftables to let 198.51.100.80 go" free 198.51.100.80
	# The root answers as the folder does, and of countries there are no decisions.
	sed -i "s|^url:.*|url: $HTTP/|" "$WORK/helper/local_api_credentials.yaml"
	$as decisions list --scope Country --value FR >>"$LOG/cscli" 2>&1 || fail "cscli decisions list of a country"
	$as -o human decisions delete --value FR >"$LOG/cscli-country" 2>&1 || fail "cscli decisions delete of a country"
	grep -q '0 decision(s) deleted' "$LOG/cscli-country" || fail "cscli deleted something else"
	# A reporter's key may not list by hand, and says so.
	! cscli -c "$WORK/web1/config.yaml" decisions add --ip 198.51.100.82 >"$LOG/cscli-refused" 2>&1 || fail "a reporter listed by hand"
	grep -q "needs a moderator's key" "$LOG/cscli-refused" || fail "cscli does not say why it was refused"
	show "cscli: lists, shows and deletes by hand with a moderator's key, and not with a reporter's"
}

story() {
	PATH=$WORK/root/usr/bin:$PATH
	start_penaltybox
	SERVER=$DAEMON
	ADMIN=$(cat "$WORK/state/admin.key")
	start_custom_bouncer
	start_firewall_bouncer
	FIREWALL=$DAEMON
	listing
	extension
	delisting
	restart
	agent
	by_hand
	show "crowdsec: all held"
}

play "$@"
