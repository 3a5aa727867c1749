#!/usr/bin/env bash
# Three strikes against a real OpenSSH server, from its own log into DNS.
#
#   deploy/e2e/sshd-three-strikes.sh [PENALTYBOX]
#
# PENALTYBOX is the binary to test; without it one is built from this tree.
# Everything runs in namespaces of the script's own (network, mounts,
# processes), so nothing outside is touched or reached, and everything ends
# with the script. It needs root and Debian's openssh-server, openssh-client,
# busybox (a syslogd), dnsutils, curl and iproute2. It prints what it shows and
# fails at the first thing that does not hold.
set -euo pipefail

readonly SERVER=203.0.113.1 ATTACKER=203.0.113.66 INNOCENT=198.51.100.7
readonly DNS_PORT=8053 HTTP=http://127.0.0.1:8080 ZONE=bl.penaltybox.example

fail() {
	printf 'FAILED: %s\n' "$*" >&2
	for log in "$WORK/sshd.err" "$WORK/auth.log" "$WORK/serve.log"; do
		[ -s "$log" ] && { printf -- '--- %s\n' "${log##*/}"; tail -n 20 "$log"; } >&2
	done
	exit 1
}

show() { printf '==> %s\n' "$*"; }

# wait_for SECONDS WHAT COMMAND… until the command succeeds.
wait_for() {
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || fail "waited in vain for $what"
		sleep 0.05
	done
}

need_tools() {
	local tool missing=()
	for tool in sshd:openssh-server ssh:openssh-client busybox:busybox dig:dnsutils curl:curl ip:iproute2 unshare:util-linux; do
		PATH=$PATH:/usr/sbin:/sbin command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
	done
	if [ "${#missing[@]}" -gt 0 ]; then
		printf 'missing Debian packages; run: apt-get install %s\n' "${missing[*]}" >&2
		exit 1
	fi
	if [ "$(id -u)" -ne 0 ]; then
		echo 'sshd changes users, so this must run as root (in a container will do)' >&2
		exit 1
	fi
}

# A /dev and a /run of our own: sshd logs to /dev/log, which is our syslogd's.
private_dev() {
	local dev=$WORK/dev node
	mkdir "$dev" && mount -t tmpfs -o mode=755 tmpfs "$dev"
	for node in null zero full random urandom tty; do
		touch "$dev/$node" && mount --bind "/dev/$node" "$dev/$node"
	done
	mkdir "$dev/pts" && mount --bind /dev/pts "$dev/pts"
	ln -s pts/ptmx "$dev/ptmx"
	ln -s /proc/self/fd "$dev/fd"
	mount --move "$dev" /dev
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir -m 755 /run/sshd
	busybox syslogd -n -O "$WORK/auth.log" &
	wait_for 5 "syslogd's /dev/log" test -S /dev/log
}

# Two machines on one wire: this namespace is the server, another one attacks.
private_net() {
	ip link set lo up
	unshare --net sleep infinity &
	ATTACKER_PID=$!
	wait_for 5 "the attacker's namespace" \
		sh -c "[ \"\$(readlink /proc/$ATTACKER_PID/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
	ip link add wire type veth peer name wire netns "$ATTACKER_PID"
	ip address add "$SERVER/24" dev wire
	ip link set wire up
	at_attacker ip address add "$ATTACKER/24" dev wire
	at_attacker ip link set wire up
}

at_attacker() { nsenter --net="/proc/$ATTACKER_PID/ns/net" "$@"; }

start_sshd() {
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/host_key"
	cat >"$WORK/sshd_config" <<-CONFIG
		ListenAddress $SERVER
		HostKey $WORK/host_key
		PidFile $WORK/sshd.pid
		SyslogFacility AUTH
		LogLevel INFO
		UsePAM no
		KbdInteractiveAuthentication no
		PasswordAuthentication yes
		MaxAuthTries 3
	CONFIG
	# sshd 9.8 and later turn an attacker away before he fails often enough.
	if /usr/sbin/sshd -t -f "$WORK/sshd_config" -o PerSourcePenalties=no 2>/dev/null; then
		echo 'PerSourcePenalties no' >>"$WORK/sshd_config"
	fi
	/usr/sbin/sshd -D -f "$WORK/sshd_config" 2>"$WORK/sshd.err" &
	wait_for 5 "sshd" grep -q 'Server listening' "$WORK/auth.log"
}

# attack USER: one connection that fails with wrong passwords until sshd ends it.
attack() {
	local strikes
	strikes=$(count_strikes)
	at_attacker env SSH_ASKPASS="$WORK/wrong-password" SSH_ASKPASS_REQUIRE=force \
		ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=QUIET \
		-o PubkeyAuthentication=no -o NumberOfPasswordPrompts=9 -l "$1" "$SERVER" true </dev/null \
		&& fail "a wrong password was let in"
	wait_for 5 "sshd's line about $1" sh -c "[ \"\$(grep -c '$MAXAUTH' '$WORK/auth.log')\" -gt $strikes ]"
	show "$(tail -n 1 < <(grep "$MAXAUTH" "$WORK/auth.log"))"
}

readonly MAXAUTH='\]: error: maximum authentication attempts exceeded'
count_strikes() { grep -c "$MAXAUTH" "$WORK/auth.log" || true; }

start_penaltybox() {
	(cd "$WORK" && exec "$PENALTYBOX" serve --state "$WORK/state" --zone "$ZONE" \
		--dns-listen "127.0.0.1:$DNS_PORT" --http-listen "${HTTP#http://}") >"$WORK/serve.log" 2>&1 &
	wait_for 20 "penaltybox to be ready" curl -sf "$HTTP/readyz"
	KEY=$(cat "$WORK/state/admin.key")
}

# post sends what the parser finds in the log so far, and prints the answer.
post() {
	"$PENALTYBOX" parse sshd "$WORK/auth.log" >"$WORK/incidents" 2>"$WORK/parse.err" || fail "parse: $(cat "$WORK/parse.err")"
	curl -sS --fail-with-body --data-binary @- -H "Authorization: Bearer $KEY" "$HTTP/v1/incidents" \
		<"$WORK/incidents" >"$WORK/answer" || fail "posting: $(cat "$WORK/answer")"
	show "posted $(wc -l <"$WORK/incidents") incidents"
}

# look_up ADDRESS prints what DNS answers, on one line.
look_up() {
	dig +short +tries=1 @127.0.0.1 -p "$DNS_PORT" "$(reversed "$1").$ZONE" "${2:-A}" | sort | paste -sd ' '
}

reversed() { echo "$1" | awk -F. '{ print $4 "." $3 "." $2 "." $1 }'; }

score() { curl -sf -H "Authorization: Bearer $KEY" "$HTTP/v1/check/$1?format=json" | sed -n 's/.*"score": *\([0-9]*\).*/\1/p'; }

expect() { # WHAT GOT WANT
	[ "$2" = "$3" ] || fail "$1: got '$2', want '$3'"
	show "$1: ${2:-nothing}"
}

story() {
	private_dev
	private_net
	printf '#!/bin/sh\necho wrong\n' >"$WORK/wrong-password"
	chmod +x "$WORK/wrong-password"
	start_sshd
	start_penaltybox
	show "$("$PENALTYBOX" version | head -n 1), $(ssh -V 2>&1)"

	attack root
	# A name that looks like the end of sshd's line must not frame anyone.
	attack "x from $INNOCENT port 22 ssh2 [preauth]"
	post
	expect "score after two strikes" "$(score $ATTACKER)" 40
	expect "DNS after two strikes" "$(look_up $ATTACKER)" ""

	attack admin
	post # the whole log again: two known events and a new one
	expect "score after three strikes" "$(score $ATTACKER)" 60
	expect "DNS after three strikes" "$(look_up $ATTACKER)" "127.0.0.2 127.0.0.3"
	show "DNS says why: $(look_up $ATTACKER TXT)"

	post # nothing new
	expect "score after the same log once more" "$(score $ATTACKER)" 60
	expect "score of the framed innocent" "$(score $INNOCENT)" 0
	expect "DNS about the framed innocent" "$(look_up $INNOCENT)" ""
	show "three strikes: all held"
}

main() {
	need_tools
	if [ "${1:-}" != --inside ]; then
		WORK=$(mktemp -d /tmp/penaltybox-e2e.XXXXXX)
		trap 'rm -rf "$WORK"' EXIT
		PENALTYBOX=${1:-$WORK/penaltybox}
		if [ $# -eq 0 ]; then
			(cd "$(dirname "$0")/../.." && go build -tags nomsgpack -o "$PENALTYBOX" .)
		fi
		PENALTYBOX=$(realpath "$PENALTYBOX")
		unshare --net --mount --pid --fork --kill-child --mount-proc -- "$0" --inside "$WORK" "$PENALTYBOX"
	else
		WORK=$2 PENALTYBOX=$3
		story
	fi
}

main "$@"
