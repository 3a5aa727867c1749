#!/usr/bin/env bash
# systemd-resolved, set as deploy/clients says, finds what is listed, and other
# names where it found them before.
#
#   deploy/e2e/resolved.sh [PENALTYBOX]
#
# The program comes from its Debian package, which is unpacked and not installed,
# because installing it changes how the machine resolves. There is no D-Bus and no
# networkd here: what networkd would tell of a link is written as it writes it.
# See stage.sh for what surrounds this.
. "$(dirname "$0")/stage.sh"
. "$(dirname "$0")/clients.sh"

readonly NEEDS=(apt-get:apt dpkg-deb:dpkg dnsmasq:dnsmasq-base)
readonly HTTP=http://127.0.0.1:8080 STUB=127.0.0.53 LINK=192.0.2.1 PROVIDER=192.0.2.2 ELSEWHERE=198.51.100.99
readonly ACCOUNT=992 # systemd-resolve's, which a package's script would make

# fetch unpacks the package, while there is still a network.
fetch() {
	(cd "$WORK" && apt-get -q -o Acquire::Retries=3 download systemd-resolved >"$WORK/log/download" 2>&1) || {
		cat "$WORK/log/download" >&2
		echo 'cannot download the package systemd-resolved; run: apt-get update' >&2
		exit 1
	}
	dpkg-deb -x "$WORK"/systemd-resolved_*.deb "$WORK/root"
}

start_penaltybox() {
	daemon penaltybox "$PENALTYBOX" serve --state "$WORK/state" --zone "$ZONE" --dns-listen 127.0.0.1:8053 \
		--http-listen "${HTTP#http://}" --public-url "$HTTP"
	wait_for 20 "penaltybox to be ready" curl -sf "$HTTP/readyz"
	export PENALTYBOX_STATE=$WORK/state PENALTYBOX_URL=$HTTP
}

# A link leads to a provider, whose resolver knows every name, the zone's too.
start_provider() {
	start_outside
	outside ip address add "$PROVIDER/24" dev wire
	ip address add "$LINK/24" dev wire
	ip route add default via "$PROVIDER"
	daemon provider outside dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --log-facility=- \
		--no-resolv --no-hosts --listen-address="$PROVIDER" --address="/#/$ELSEWHERE"
	mkdir -p /run/systemd/netif/links
	printf 'ADMIN_STATE=configured\nOPER_STATE=routable\nDNS=%s\nDNS_DEFAULT_ROUTE=yes\n' "$PROVIDER" \
		>"/run/systemd/netif/links/$(ip -o link show wire | cut -d : -f 1)"
}

start_resolved() {
	local file
	for file in passwd group; do
		cp "/etc/$file" "$WORK/$file"
		mount --bind "$WORK/$file" "/etc/$file"
	done
	echo "systemd-resolve:x:$ACCOUNT:$ACCOUNT::/:/usr/sbin/nologin" >>"$WORK/passwd"
	echo "systemd-resolve:x:$ACCOUNT:" >>"$WORK/group"
	mkdir -p /run/systemd/resolve /run/systemd/resolved.conf.d
	chown "$ACCOUNT:$ACCOUNT" /run/systemd/resolve
	client resolver/systemd-resolved.conf >/run/systemd/resolved.conf.d/penaltybox.conf
	daemon resolved "$WORK/root/lib/systemd/systemd-resolved"
	wait_for 10 "systemd-resolved to answer" dig +tries=1 +time=1 "@$STUB" "$ZONE" NS
}

story() {
	start_penaltybox
	"$PENALTYBOX" report 203.0.113.7 hacked.host >>"$LOG/report"
	"$PENALTYBOX" report 2001:db8::7 hacked.host >>"$LOG/report"
	start_provider
	start_resolved
	expect "the listed 203.0.113.7" "$(look_up "$STUB" 203.0.113.7)" '127.0.0.2 127.0.0.8'
	expect "the listed 2001:db8::7" "$(look_up "$STUB" 2001:db8::7)" '127.0.0.2 127.0.0.8'
	expect "the unlisted 203.0.113.8" "$(look_up "$STUB" 203.0.113.8)" ''
	expect "the text of 203.0.113.7" "$(look_up "$STUB" 203.0.113.7 TXT | cut -d ' ' -f 1-3)" '"203.0.113.7 listed until'
	show "systemd-resolved: finds what is listed, IPv4 and IPv6, and no other"
	expect "another name" "$(dig +short +tries=1 "@$STUB" www.example.com)" "$ELSEWHERE"
	show "systemd-resolved: other names are the provider's"
}

play "$@"
