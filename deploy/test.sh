#!/usr/bin/env bash
# Tests everything: format, vet, staticcheck, build, the Go tests under the
# race detector with real daemons, the end-to-end stories, and a short fuzz of
# every parser of foreign bytes.
#
#   deploy/test.sh
#
# It needs Go. As root on Debian or Ubuntu it installs what else the tests need
# and leaves no service running; otherwise it says what is missing. It prints
# one line for each section, shows the output of the first that fails, and ends
# with its status. FUZZTIME=1m deploy/test.sh fuzzes longer than 5,000 inputs each.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# What the tests run, and the Debian package that has it.
readonly PROGRAMS=(
	redis-server:redis-server
	dig:bind9-dnsutils
	unbound:unbound
	named:bind9
	named-checkzone:bind9-utils
	kresd:knot-resolver
	pdns_recursor:pdns-recursor
	nsd:nsd
	rbldnsd:rbldnsd
	dnsmasq:dnsmasq-base
	sshd:openssh-server
	ssh:openssh-client
	nginx:nginx-light
	apache2:apache2-bin
	haproxy:haproxy
	nft:nftables
	ipset:ipset
	busybox:busybox
	bzip2:bzip2
	xz:xz-utils
	promtool:prometheus
	fail2ban-server:fail2ban
	nsupdate:bind9-dnsutils
	zstd:zstd
	journalctl:systemd
	/lib/systemd/systemd-journal-remote:systemd-journal-remote
	postfix:postfix
	vsftpd:vsftpd
	dovecot:dovecot-core
	/usr/lib/dovecot/imap-login:dovecot-imapd
	spamd:spamd
	spamass-milter:spamass-milter
	rspamd:rspamd
	swaks:swaks
	curl:curl
	php:php-cli
	ip:iproute2
	unshare:util-linux
	gcc:gcc
)

# The server is built without gin's MessagePack, so it is tested without.
export GOFLAGS="${GOFLAGS:-} -tags=nomsgpack"
export PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8

scratch=$(mktemp -d) || exit 1
job=
left_out=()
policy= # the policy-rc.d that we made

tidy_up() {
	[ -n "$job" ] && kill -TERM -- "-$job" 2>/dev/null
	permit_services
	rm -rf "$scratch"
}
trap tidy_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# section NAME COMMAND… runs a command quietly and shows its output only if it
# fails, which ends everything.
section() {
	local name=$1 begin=$SECONDS status
	shift
	printf '%-44s' "$name"
	# A process group of its own, so that an interrupt ends all of it.
	set -m
	"$@" >"$scratch/output" 2>&1 </dev/null &
	job=$!
	set +m
	wait "$job"
	status=$?
	kill -TERM -- "-$job" 2>/dev/null # what the command left behind
	job=
	printf '%s %4d s\n' "$([ "$status" -eq 0 ] && echo ok || echo FAILED)" $((SECONDS - begin))
	if [ "$status" -ne 0 ]; then
		cat "$scratch/output"
		exit "$status"
	fi
}

# missing prints the packages whose programs are not there.
missing() {
	local program
	for program in "${PROGRAMS[@]}"; do
		command -v "${program%%:*}" >/dev/null || echo "${program##*:}"
	done
	# Without the C library's headers, gcc is no use to the race detector.
	[ -e /usr/include/stdlib.h ] || echo libc6-dev
	[ -e /usr/share/mediawiki/maintenance/install.php ] || echo mediawiki
	php -r 'exit(extension_loaded("pdo_sqlite") ? 0 : 1);' 2>/dev/null || echo php-sqlite3
	# Without this, swaks does not speak IPv6.
	perl -MIO::Socket::INET6 -e 1 2>/dev/null || echo libio-socket-inet6-perl
}

# install installs packages and lets none of their services start at boot. It
# removes nothing: a machine's own mail server stays.
install() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update && apt-get -q install -y --no-install-recommends --no-remove "$@" || return
	[ -d /run/systemd/system ] || return 0
	local package
	for package in "$@"; do
		case $package in
		redis-server | fail2ban | prometheus | vsftpd | unbound | nsd | rbldnsd | pdns-recursor | postfix | spamd | spamass-milter | rspamd | haproxy)
			systemctl disable --now "$package"
			;;
		nginx-light) systemctl disable --now nginx ;;
		mediawiki) systemctl disable --now apache2 ;; # which it wants, if no other web server is there
		dovecot-core) systemctl disable --now dovecot ;;
		bind9) systemctl disable --now named ;;
		knot-resolver) systemctl disable --now kresd.target kres-cache-gc ;;
		openssh-server) systemctl disable --now ssh ;;
		esac
	done
}

# forbid_services keeps packages from starting their services while they are
# installed; permit_services takes that back.
forbid_services() {
	[ -e /usr/sbin/policy-rc.d ] && return
	policy=/usr/sbin/policy-rc.d
	printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
}

permit_services() {
	[ -z "$policy" ] || rm -f "$policy"
	policy=
}

prepare() {
	local packages=()
	mapfile -t packages < <(missing)
	[ "${#packages[@]}" -eq 0 ] && return
	if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
		forbid_services
		section "install ${#packages[@]} Debian packages" install "${packages[@]}"
		permit_services
		return
	fi
	printf 'Missing, and not installed without root and apt-get: %s\n' "${packages[*]}"
	printf 'The tests that need them will fail, each naming its package.\n'
}

unformatted() {
	local files
	files=$(go tool -modfile=deploy/tools.mod gofumpt -l .) || return
	[ -z "$files" ] && return
	printf '%s\n\nto format them: go tool -modfile=deploy/tools.mod gofumpt -w .\n' "$files"
	return 1
}

race_tests() {
	local race=-race packages
	[ -z "${no_race:-}" ] || race=
	# The end-to-end stories have a section of their own.
	mapfile -t packages < <(go list ./... | grep -v '/deploy/')
	# Most wait for processes of their own, so more run at once than there are CPUs.
	go test ${race:+"$race"} -shuffle=on -parallel 4 -timeout 20m "${packages[@]}"
}

# allocations runs the tests that the race detector would disturb: those in
# files that are left out under it.
allocations() {
	local file names
	while read -r file; do
		names=$(sed -n 's/^func \(Test[A-Za-z0-9_]*\)(.*/\1/p' "$file" | paste -sd '|')
		go test -count=1 -run "^($names)\$" "$(dirname "$file")" || return
	done < <(grep -rl --include='*_test.go' '^//go:build !race$' .)
}

stories() { go test -count=1 -timeout 40m ./deploy/...; }

# fuzz fuzzes each target for a moment: by a number of inputs, because a time that
# runs out while an input is tried fails the target now and then. Minimising what
# is merely interesting would take longer than that.
fuzz() {
	local word package names=()
	go test -list '^Fuzz' ./... >"$scratch/targets" || { cat "$scratch/targets"; return 1; }
	while read -r word package _; do
		case $word in
		Fuzz*) names+=("$word") ;;
		ok)
			for word in "${names[@]}"; do
				go test -run '^$' -fuzz "^$word\$" -fuzztime "${FUZZTIME:-5000x}" -fuzzminimizetime 10x "$package" || return
			done
			names=()
			;;
		esac
	done <"$scratch/targets"
}

if ! command -v go >/dev/null; then
	echo 'Go is missing; see https://go.dev/doc/install' >&2
	exit 1
fi
prepare
if ! command -v gcc >/dev/null || [ ! -e /usr/include/stdlib.h ]; then
	no_race=yes
	left_out+=('the race detector, which needs gcc and libc6-dev')
fi
section 'format' unformatted
section 'vet' go vet ./...
section 'staticcheck' go tool -modfile=deploy/tools.mod staticcheck ./...
section 'build' go build ./...
section 'tests, with the race detector' race_tests
section 'properties of scoring, in full' go test -count=1 -timeout 30m ./scoring
section 'allocations' allocations
if [ "$(id -u)" -eq 0 ]; then
	section 'end-to-end stories' stories
else
	left_out+=('the end-to-end stories of deploy/e2e, which need root')
fi
section "fuzz, ${FUZZTIME:-5000x} each" fuzz

for what in "${left_out[@]}"; do
	printf 'LEFT OUT: %s\n' "$what"
done
printf 'all good in %d min %d s\n' $((SECONDS / 60)) $((SECONDS % 60))
