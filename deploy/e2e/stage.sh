# shellcheck shell=bash
# What the stories share; not run by itself.
#
# A story is a script that names the tools it NEEDS as tool:package, defines
# the function story, sources this file and ends with: play "$@"
#
#   STORY.sh [PENALTYBOX]
#
# PENALTYBOX is the binary to test; without it one is built from this tree.
# The story plays in namespaces of its own (network, mounts, processes), so
# nothing outside is touched or reached, and every daemon ends with it. It
# needs root, prints what it shows and fails at the first thing that does not
# hold, with the last lines of every log. WORK is its folder; what lies in
# WORK/log is a log.
set -euo pipefail

readonly ZONE=bl.penaltybox.example

play() {
	if [ "${1:-}" = --inside ]; then
		WORK=$2 PENALTYBOX=$3 LOG=$2/log
		ip link set lo up
		mount -t tmpfs -o mode=755 tmpfs /run
		story
		return
	fi
	need_tools "${NEEDS[@]}"
	WORK=$(mktemp -d /tmp/penaltybox-e2e.XXXXXX)
	trap 'rm -rf "$WORK"' EXIT
	chmod 755 "$WORK" && mkdir "$WORK/log"
	PENALTYBOX=${1:-$WORK/penaltybox}
	if [ $# -eq 0 ]; then
		(cd "$(dirname "$0")/../.." && go build -tags nomsgpack -o "$PENALTYBOX" .)
	fi
	PENALTYBOX=$(realpath "$PENALTYBOX")
	! declare -F fetch >/dev/null || fetch # what the story cannot reach from within
	unshare --net --mount --pid --fork --kill-child --mount-proc -- "$0" --inside "$WORK" "$PENALTYBOX" &
	local stage=$!
	trap 'kill -9 "$stage"; exit 1' INT TERM # and all in its namespaces with it
	wait "$stage"
}

# need_tools TOOL:PACKAGE…
need_tools() {
	local tool missing=()
	for tool in ip:iproute2 curl:curl dig:dnsutils unshare:util-linux "$@"; do
		command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
	done
	if [ "${#missing[@]}" -gt 0 ]; then
		printf 'missing Debian packages; run: apt-get install --no-install-recommends %s\n' "${missing[*]}" >&2
		exit 1
	fi
	if [ "$(id -u)" -ne 0 ]; then
		echo 'namespaces and port 53 need root (in a container will do)' >&2
		exit 1
	fi
}
PATH=$PATH:/usr/sbin:/sbin

show() { printf '==> %s\n' "$*"; }

# fail tells what does not hold, with the ends of the logs; WITNESSES is a
# pattern of those that matter.
fail() {
	local log
	printf 'FAILED: %s\n' "$*" >&2
	for log in "$LOG"/${WITNESSES:-*}; do
		[ -s "$log" ] && { printf -- "--- %s\n" "${log##*/}" && tail -n 6 "$log" | cut -c 1-300; } >&2
	done
	exit 1
}

expect() { # WHAT GOT WANT
	[ "$2" = "$3" ] || fail "$1: got '$2', want '$3'"
}

# A wire leads out of the namespace, to where strangers are: another one, whose
# addresses the server does not take for its own.
start_outside() {
	unshare --net sleep infinity &
	OUTSIDE=$!
	wait_for 30 "the strangers' namespace" \
		sh -c "[ \"\$(readlink /proc/$OUTSIDE/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
	ip link add wire type veth peer name wire netns "$OUTSIDE"
	ip link set wire up
	outside ip link set wire up
}

# outside COMMAND… runs a command as a stranger.
outside() { nsenter --net="/proc/$OUTSIDE/ns/net" "$@"; }

# wait_for SECONDS WHAT COMMAND… until the command succeeds.
wait_for() {
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || fail "waited in vain for $what"
		sleep 0.05
	done
}

# daemon NAME COMMAND… runs a daemon in the background; its output is a log.
# DAEMON is its process id.
daemon() {
	local name=$1
	shift
	"$@" >>"$LOG/$name" 2>&1 </dev/null &
	export DAEMON=$!
}

# start_syslogd FILE: what daemons write to syslog goes to a file, by way of a
# /dev of our own, where /dev/log is our syslogd's.
start_syslogd() {
	local dev=$WORK/dev node
	mkdir "$dev" && mount -t tmpfs -o mode=755 tmpfs "$dev"
	for node in null zero full random urandom tty; do
		touch "$dev/$node" && mount --bind "/dev/$node" "$dev/$node"
	done
	mkdir "$dev/pts" && mount --bind /dev/pts "$dev/pts"
	ln -s pts/ptmx "$dev/ptmx"
	ln -s /proc/self/fd "$dev/fd"
	mount --move "$dev" /dev
	daemon syslogd busybox syslogd -n -O "$1"
	wait_for 30 "syslogd's /dev/log" test -S /dev/log
}

# milliseconds since some moment.
milliseconds() { local micro=${EPOCHREALTIME/[.,]/}; echo "${micro%???}"; }

# with_name reads lines that end with an address and adds the name that a mail
# server asks for to learn about it (RFC 5782, sections 2.1 and 2.4).
with_name() {
	awk -v zone="$ZONE" '
	/:/ {
		compressed = split($NF, half, "::") == 2
		words = split(half[1], word, ":"); after = compressed ? split(half[2], last, ":") : 0
		hex = ""
		for (i = 1; i <= 8; i++) {
			w = i <= words ? word[i] : i > 8 - after ? last[i - 8 + after] : "0"
			hex = hex sprintf("%4s", w)
		}
		gsub(" ", "0", hex)
		name = ""
		for (i = 32; i > 0; i--) name = name substr(hex, i, 1) "."
		print $0, name zone
		next
	}
	{ split($NF, octet, "."); print $0, octet[4] "." octet[3] "." octet[2] "." octet[1] "." zone }'
}

name() { echo "$1" | with_name | cut -d ' ' -f 2; }

# look_up RESOLVER ADDRESS [TYPE] prints what DNS answers, on one line.
look_up() {
	dig +short +tries=1 "@$1" "$(name "$2")" "${3:-A}" | sort | paste -sd ' '
}
