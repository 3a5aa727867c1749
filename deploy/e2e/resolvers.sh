#!/usr/bin/env bash
# Real resolvers in front of Penaltybox find what is listed and nothing else,
# and hear of listings and delistings within the TTLs.
#
#   deploy/e2e/resolvers.sh [PENALTYBOX]
#
# unbound, BIND, Knot Resolver and PowerDNS Recursor, as strict as they can be
# made about QNAME minimisation, stand before it twice: told where the zone is,
# as one does until it is delegated, and finding it from the root, which is a
# BIND here. dnsmasq can only be told. Where a resolver can be made to drop
# answers in 127.0.0.0/8, it is, with the exception that our book recommends.
# See stage.sh for what surrounds this.
. "$(dirname "$0")/stage.sh"

readonly NEEDS=(unbound:unbound named:bind9 kresd:knot-resolver pdns_recursor:pdns-recursor dnsmasq:dnsmasq-base)
readonly SERVER=192.0.2.53 ROOT=192.0.2.1 HTTP=http://127.0.0.1:8080
readonly TTL=20 NEGATIVE_TTL=30 # seconds; the second is the least that Penaltybox takes
readonly SLACK=20               # seconds that a busy machine may add, and Knot, which keeps nothing for less than 5

# The resolvers: a program and how it learns where the zone is. Each answers
# on the address below.
readonly RESOLVERS=(
	unbound-told bind-told kresd-told pdns-told dnsmasq-told
	unbound-root bind-root kresd-root pdns-root
)

declare -A ADDRESS
for i in "${!RESOLVERS[@]}"; do
	ADDRESS[${RESOLVERS[i]}]=127.0.1.$((i + 1))
done

start_penaltybox() {
	ip address add "$SERVER/32" dev lo
	daemon penaltybox "$PENALTYBOX" serve --state "$WORK/state" --dns-listen "$SERVER:53" --http-listen "${HTTP#http://}" \
		--zone "$ZONE,ttl=${TTL}s,negative-ttl=${NEGATIVE_TTL}s,ns=ns.$ZONE@$SERVER"
	wait_for 20 "penaltybox to be ready" curl -sf "$HTTP/readyz"
	export PENALTYBOX_STATE=$WORK/state
}

# A root of our own, which delegates nothing but the zone.
start_root() {
	local dir=$WORK/root
	ip address add "$ROOT/32" dev lo
	mkdir "$dir"
	cat >"$dir/zone" <<-ZONE
		\$TTL 3600
		. SOA a.root.example. hostmaster.example. 1 3600 600 86400 60
		. NS a.root.example.
		a.root.example. A $ROOT
		$ZONE. NS ns.$ZONE.
		ns.$ZONE. A $SERVER
	ZONE
	printf '. 3600 NS a.root.example.\na.root.example. 3600 A %s\n' "$ROOT" >"$dir/hints"
	cat >"$dir/conf" <<-CONF
		options {
			directory "$dir"; pid-file none; session-keyfile none; recursion no;
			listen-on { $ROOT; }; listen-on-v6 { none; };
		};
		controls {};
		zone "." { type primary; file "zone"; };
	CONF
	daemon root named -4 -g -n 1 -c "$dir/conf"
}

# Each start_PROGRAM FOLDER ADDRESS WAY starts a resolver.

start_unbound() {
	cat >"$1/conf" <<-CONF
		server:
			directory: "$1"
			pidfile: ""
			chroot: ""
			username: ""
			use-syslog: no
			interface: $2
			do-ip6: no
			module-config: "iterator"
			qname-minimisation: yes
			qname-minimisation-strict: yes
			harden-below-nxdomain: yes
			use-caps-for-id: yes
			private-address: 127.0.0.0/8
			private-domain: "$ZONE"
			root-hints: "$WORK/root/hints"
	CONF
	if [ "$3" = told ]; then
		printf 'stub-zone:\n\tname: "%s"\n\tstub-addr: %s\n' "$ZONE" "$SERVER" >>"$1/conf"
	fi
	exec unbound -d -c "$1/conf"
}

start_bind() {
	local zone="zone \".\" { type hint; file \"$WORK/root/hints\"; };"
	[ "$3" = root ] || zone="zone \"$ZONE\" { type static-stub; server-addresses { $SERVER; }; };"
	cat >"$1/conf" <<-CONF
		options {
			directory "$1"; pid-file none; session-keyfile none;
			listen-on { $2; }; listen-on-v6 { none; };
			recursion yes; dnssec-validation no;
			qname-minimization strict;
			deny-answer-addresses { 127.0.0.0/8; } except-from { "$ZONE"; };
		};
		controls {};
		$zone
	CONF
	exec named -4 -g -n 1 -c "$1/conf"
}

start_kresd() {
	local zone="modules.load('hints'); hints.root({ ['a.root.example.'] = '$ROOT' })"
	[ "$3" = root ] || zone="policy.add(policy.suffix(policy.STUB('$SERVER'), policy.todnames({ '$ZONE' })))"
	cat >"$1/conf" <<-CONF
		net.ipv6 = false
		net.listen('$2', 53, { kind = 'dns' })
		trust_anchors.remove('.')
		cache.size = 10 * MB
		$zone
	CONF
	exec kresd -n -c "$1/conf" "$1"
}

start_pdns() {
	local zone=--hint-file=$WORK/root/hints
	[ "$3" = root ] || zone=--forward-zones=$ZONE=$SERVER
	exec pdns_recursor --config-dir="$1" --socket-dir="$1" --daemon=no --threads=1 --local-address="$2" \
		--dont-query= --dnssec=off --qname-minimization=yes --nothing-below-nxdomain=yes "$zone"
}

start_dnsmasq() {
	exec dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --log-facility=- \
		--no-resolv --no-hosts --bind-interfaces --listen-address="$2" --cache-size=10000 \
		--server="/$ZONE/$SERVER" --stop-dns-rebind --rebind-domain-ok="/$ZONE/"
}

start_resolvers() {
	local resolver
	for resolver in "${RESOLVERS[@]}"; do
		mkdir "$WORK/$resolver"
		ip address add "${ADDRESS[$resolver]}/32" dev lo # BIND binds only what an interface has
		daemon "$resolver" "start_${resolver%-*}" "$WORK/$resolver" "${ADDRESS[$resolver]}" "${resolver#*-}"
	done
	for resolver in "${RESOLVERS[@]}"; do
		wait_for 30 "$resolver to answer" dig +tries=1 +time=1 "@${ADDRESS[$resolver]}" "$ZONE" NS
	done
}

# people prints the addresses of this world: 200 listed and 200 unlisted in
# IPv4, 100 and 100 in IPv6, always the same. Every fourth in IPv4 has octets
# of one digit, so that its name is also a part of names in IPv6; every
# unlisted network in IPv6 stands beside a listed one. What lies in 23.0.0.0/8 is
# left out: much of it is a content network's, protected unless switched off.
people() {
	awk 'function random(n) { seed = seed * 16807 % 2147483647; return seed % n }
	BEGIN {
		seed = 5782
		while (made < 400) {
			most = made % 4 == 0 ? 10 : 256
			ip = (most == 10 ? 1 + random(9) : 11 + random(89)) "." random(most) "." random(most) "." random(most)
			if (ip in seen || ip ~ /^23\./) continue
			seen[ip]
			print (made++ % 8 < 4 ? "listed" : "unlisted"), ip
		}
		while (made < 500) {
			net = sprintf("2001:%x:%x:%x", 3504 + random(16), 4096 + random(61440), 256 + random(3840))
			if (net in seen) continue
			seen[net]; made++
			printf "listed %s0::%x\n", net, 1 + random(65535)
			printf "unlisted %s1::%x\n", net, 1 + random(65535)
		}
	}'
}

# expectations prints what a resolver must answer about everybody, in an order
# of its own: of every second address AAAA first, as programs do that look up
# a host; it must not hide the A (RFC 2308). A name in IPv4 that is a part of
# names in IPv6 exists, listed or not (RFC 8020).
expectations() {
	shuf --random-source=<(yes "$1") "$WORK/people" | awk '{
		name = $3; status = $1 == "listed" || name ~ /^[0-9]\.[0-9]\.[0-9]\.[0-9]\.[a-z]/ ? "NOERROR" : "NXDOMAIN"
		if (NR % 2) print name, "AAAA", status
		if ($1 == "listed") {
			print name, "A", status, "127.0.0.2 127.0.0.8"
			print name, "TXT", status, "\"" $2 " listed until DATE (hacked)\""
		} else {
			print name, "A", status
			print name, "TXT", status
		}
	}'
}

# answers reads "NAME TYPE …" and prints "NAME TYPE STATUS DATA" as the resolver
# answers. A TTL above the zone's shows as data.
answers() {
	cut -d ' ' -f 1-2 >"$WORK/$1/questions"
	dig "@${ADDRESS[$1]}" +tries=2 +time=5 +noall +comments +question +answer -f "$WORK/$1/questions" |
		awk -v most="$TTL" '
			function tell() {
				if (question == "") return
				n = split(data, record, "\n"); line = question " " status
				# A resolver may rotate the records.
				for (i = 2; i < n; i++) for (j = i + 1; j <= n; j++) if (record[j] < record[i]) { r = record[i]; record[i] = record[j]; record[j] = r }
				for (i = 2; i <= n; i++) line = line " " record[i]
				print line
				question = data = ""
			}
			/^;; ->>HEADER<<-/ { tell(); status = $6; sub(",", "", status); next }
			/^;; (communications error|connection timed out|no servers)/ { tell(); print "dig:", $0; next }
			/^;[^;]/ && $2 == "IN" { question = substr($1, 2); sub(/\.$/, "", question); question = question " " $3; next }
			/^[^;]/ {
				rdata = $0; sub(/^[^ \t]+[ \t]+[0-9]+[ \t]+IN[ \t]+[A-Z]+[ \t]+/, "", rdata)
				sub(/until [-0-9:TZ]+/, "until DATE", rdata)
				data = data "\n" rdata ($2 > most ? " TTL " $2 : "")
			}
			END { tell() }'
}

# asks_about_all RESOLVER looks everybody up through the resolver.
asks_about_all() {
	local wrong dir=$WORK/$1 WITNESSES=$1
	expectations "$1" >"$dir/want"
	answers "$1" <"$dir/want" >"$dir/got"
	if ! diff "$dir/want" "$dir/got" >"$dir/diff"; then
		wrong=$(grep -c '^[<]' "$dir/diff")
		fail "$1: $wrong of $(wc -l <"$dir/want") answers are wrong; < is right: $(head -n 8 "$dir/diff")"
	fi
	show "$1: $(wc -l <"$dir/want") answers, $(grep -c ' A NOERROR 127' "$dir/got") of $(grep -c '^listed' "$WORK/people") listed addresses found and no other"
}

# all_resolvers FUNCTION runs FUNCTION RESOLVER for all at once.
all_resolvers() {
	local resolver job jobs=()
	for resolver in "${RESOLVERS[@]}"; do
		"$1" "$resolver" &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		wait "$job" || exit 1
	done
}

readonly LATER=198.51.100.1 WITHDRAWN=198.51.100.2 EXPIRING=2001:db8:e::1

# listed and unlisted RESOLVER ADDRESS tell what the resolver says; no answer
# is neither. They are asked often, so they start no more programs than they
# must.
listed() { [[ $(ask "$@") == *"status: NOERROR"*"127.0.0.2"* ]]; }
unlisted() { [[ $(ask "$@") == *"status: NXDOMAIN"* ]]; }
ask() { dig +noall +comments +answer +tries=2 +time=3 "@${ADDRESS[$1]}" "${NAME[$2]}"; }
declare -A NAME=(["$LATER"]=$(name "$LATER") ["$WITHDRAWN"]=$(name "$WITHDRAWN") ["$EXPIRING"]=$(name "$EXPIRING"))

# learns RESOLVER makes a resolver remember who is listed now, and who is not.
learns() {
	WITNESSES=$1
	listed "$1" "$WITHDRAWN" || fail "$1 does not find $WITHDRAWN"
	listed "$1" "$EXPIRING" || fail "$1 does not find $EXPIRING"
	unlisted "$1" "$LATER" || fail "$1 does not say that $LATER is not listed yet"
}

# hears RESOLVER waits until a resolver has forgotten that, and says after how
# many seconds; CHANGED and UNTIL are when the changes happened.
hears() {
	local WITNESSES=$1 later='' withdrawn='' expired=''
	while [ -z "$later" ] || [ -z "$withdrawn" ] || [ -z "$expired" ]; do
		sleep 0.5
		if [ -z "$later" ] && listed "$1" "$LATER"; then
			later=$(after "$CHANGED" "$1 hears of the listing" "$NEGATIVE_TTL")
		fi
		if [ -z "$withdrawn" ] && unlisted "$1" "$WITHDRAWN"; then
			withdrawn=$(after "$CHANGED" "$1 hears of the withdrawal" "$TTL")
		fi
		if [ -z "$expired" ] && unlisted "$1" "$EXPIRING"; then
			[ "$(milliseconds)" -ge "$UNTIL" ] || fail "$1 forgets a listing before it expires"
			expired=$(after "$UNTIL" "$1 hears of the expiry" 0)
		fi
		[ "$(milliseconds)" -lt $((CHANGED + (NEGATIVE_TTL + 3 * SLACK) * 1000)) ] ||
			fail "$1 has not heard; listed: ${later:-no}, withdrawn: ${withdrawn:-no}, expired: ${expired:-no}"
	done
	show "$1: hears of a listing after $later s, of a withdrawal after $withdrawn s, of an expiry after $expired s"
}

# after MOMENT WHAT MOST prints the seconds since a moment, at most MOST.
after() {
	local since=$(($(milliseconds) - $1))
	[ "$since" -le $((($3 + SLACK) * 1000)) ] || fail "$2 only after $since ms"
	awk -v ms="$since" 'BEGIN { printf "%.1f", ms < 0 ? 0 : ms / 1000 }'
}

changes_cross() {
	printf '%s\n' "$WITHDRAWN" | "$PENALTYBOX" report - hacked.host >>"$LOG/report"
	"$PENALTYBOX" report "$EXPIRING" hacked.host --ttl 30s >>"$LOG/report"
	UNTIL=$(($(date -d "$(curl -sf -H "Authorization: Bearer $(cat "$WORK/state/admin.key")" "$HTTP/v1/check/$EXPIRING" |
		sed 's/.*until=\([^ ]*\).*/\1/')" +%s) * 1000))
	all_resolvers learns
	"$PENALTYBOX" report "$LATER" hacked.host >>"$LOG/report"
	"$PENALTYBOX" withdraw "$WITHDRAWN" --reason 'a mistake' >>"$LOG/report"
	CHANGED=$(milliseconds)
	all_resolvers hears
}

story() {
	start_root
	start_penaltybox
	start_resolvers
	people | with_name >"$WORK/people"
	grep '^listed' "$WORK/people" | cut -d ' ' -f 2 | "$PENALTYBOX" report - hacked.host >"$LOG/report" || fail "reporting"
	show "reported $(grep -c '^listed' "$WORK/people") of $(wc -l <"$WORK/people") addresses"
	all_resolvers asks_about_all
	changes_cross
	show "resolvers: all held"
}

play "$@"
