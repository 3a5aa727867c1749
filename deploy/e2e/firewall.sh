#!/usr/bin/env bash
# The firewall script of deploy/clients, with the kernel's nftables: who is
# listed gets no answer any more, but for the look-up page; our own networks
# always do; and whatever goes wrong with the list, the last good one stays.
#
#   deploy/e2e/firewall.sh [PENALTYBOX]
#
# See stage.sh for what surrounds this.
. "$(dirname "$0")/stage.sh"
. "$(dirname "$0")/clients.sh"

readonly NEEDS=(nft:nftables busybox:busybox)
readonly SERVER=203.0.113.25 SERVER6=2001:db8:25::25
readonly HTTP=http://127.0.0.1:8080 LOOKUP_PORT=8443
readonly LISTED=203.0.113.66 LISTED6=2001:db8:bad::1 CLEAN=203.0.113.8 OURS=203.0.113.130
readonly BRIEFLY=203.0.113.67 # listed for an hour

start_penaltybox() {
	daemon penaltybox "$PENALTYBOX" serve --state "$WORK/state" --zone "$ZONE" --dns-listen 127.0.0.53:53 \
		--http-listen 0.0.0.0:8080 --http-listen "[::]:8081" --http-listen "0.0.0.0:$LOOKUP_PORT" --http-insecure --public-url "$HTTP"
	BOX_PID=$DAEMON
	wait_for 60 "penaltybox to be ready" curl -sf "$HTTP/readyz"
	export PENALTYBOX_STATE=$WORK/state PENALTYBOX_URL=$HTTP
}

invite_strangers() {
	start_outside
	ip address add "$SERVER/24" dev wire
	ip address add "$SERVER6/32" dev wire nodad
	local address
	for address in $LISTED $CLEAN $OURS; do outside ip address add "$address/24" dev wire; done
	outside ip address add "$LISTED6/32" dev wire nodad
}

# asks SECONDS ADDRESS [PORT] tells whether a stranger gets an answer from us.
asks() {
	local server=$SERVER port=${3:-8080}
	case $2 in *:*) server="[$SERVER6]" port=8081 ;; esac
	outside curl -sf -o "$WORK/answer" --max-time "$1" --interface "$2" "http://$server:$port/version"
}

reaches() { asks 20 "$@"; }
shut_out() { ! asks 1 "$@"; }

settle() {
	cat >"$WORK/firewall.conf"
	printf 'header=%s\nstate=%s\n' "$WORK/header" "$WORK/firewall" >>"$WORK/firewall.conf"
}

firewall() { "$WORK/penaltybox-firewall.sh" "$WORK/firewall.conf" >>"$LOG/firewall" 2>&1; }

says() { tail -n 1 "$LOG/firewall" | grep -q "$1" || fail "the script does not say '$1'"; }

# as_before: the firewall lets in and keeps out as it should.
as_before() {
	shut_out $LISTED || fail "$1: $LISTED comes in"
	shut_out $LISTED6 || fail "$1: $LISTED6 comes in"
	reaches $CLEAN || fail "$1: $CLEAN does not come in"
	reaches $OURS || fail "$1: $OURS, of our own network, does not come in"
}

# in_set ADDRESS prints how long an address was put into its set for.
in_set() { nft get element inet penaltybox listed4 "{ $1 }" 2>/dev/null | grep -o 'timeout [0-9a-z]*' || true; }

# later [fails]: a list that was fetched long ago, and is loaded again after a
# restart, keeps nobody out for longer than it said, whether the server says that it
# is unchanged or the script fails to ask.
later() {
	local list=$WORK/firewall/list
	touch -d '2 hours ago' "$list" && nft delete table inet penaltybox
	"$@" firewall || fail "the script does not load an old list"
	expect "how long $BRIEFLY is kept out after two hours" "$(in_set $BRIEFLY)" ""
	in_set $LISTED | grep -q '^timeout 29d2[12]h' || fail "$LISTED, listed for 30 days, is kept out after two hours for: $(in_set $LISTED)"
	touch -d '31 days ago' "$list" && nft delete table inet penaltybox
	"$@" firewall || fail "the script does not load a list that has run out"
	nft list chain inet penaltybox judge >/dev/null || fail "the rules are gone with the list"
	expect "how long $LISTED is kept out after 31 days" "$(in_set $LISTED)" ""
	touch "$list" && nft delete table inet penaltybox
	"$@" firewall || fail "the script does not load the list again"
}

# fails COMMAND… turns around how a command ends.
fails() { ! "$@"; }

# broken FILE: what the script refuses to load.
broken() {
	cp "$WORK/www/v1/broken" "$WORK/www/v1/blocklist"
	! firewall || fail "the script takes $1"
	says 'the last good list stays'
	as_before "after $1"
}

story() {
	local list file
	start_penaltybox
	invite_strangers
	(umask 077 && printf 'Authorization: Bearer %s\n' "$("$PENALTYBOX" reporter add edge1 --role reader)" >"$WORK/header")
	client firewall/penaltybox-firewall.sh >"$WORK/penaltybox-firewall.sh" && chmod +x "$WORK/penaltybox-firewall.sh"
	client firewall/penaltybox-firewall.conf | settle
	firewall || fail "the script does not take an empty list"
	reaches $LISTED || fail "$LISTED does not come in before it is listed"

	printf '%s\n' $LISTED $LISTED6 $OURS | "$PENALTYBOX" report - hacked.host >>"$LOG/report"
	"$PENALTYBOX" report $BRIEFLY hacked.host --ttl 1h >>"$LOG/report"
	{ client firewall/penaltybox-firewall.conf; printf 'own="203.0.113.128/25 2001:db8:600d::/48"\nlookup_ports=%s\n' "$LOOKUP_PORT"; } | settle
	firewall || fail "the script does not take the list"
	says '4 addresses are listed'
	as_before "with the list"
	reaches $LISTED "$LOOKUP_PORT" || fail "$LISTED does not reach the look-up page"
	show "listed addresses are dropped, our own network is not, and the look-up page answers"

	curl -sf --max-time 5 -o /dev/null --interface $SERVER "http://$SERVER:8080/version" || fail "we do not reach ourselves"
	nft list chain inet penaltybox judge >"$WORK/counted"
	firewall || fail "the script does not take 304"
	expect "rules after an unchanged list" "$(nft list chain inet penaltybox judge | sed 's/packets.*bytes [0-9]*//')" "$(sed 's/packets.*bytes [0-9]*//' "$WORK/counted")"
	grep -q 'counter packets [1-9]' <(nft list chain inet penaltybox judge) || fail "an unchanged list was loaded again"
	nft delete table inet penaltybox
	firewall || fail "the script does not load an unchanged list after a restart"
	as_before "after a restart"
	in_set $BRIEFLY | grep -qE '^timeout (1h|59m)' || fail "$BRIEFLY, listed for an hour, is kept out for: $(in_set $BRIEFLY)"
	later
	show "an unchanged list is left alone, and loaded again when the rules are gone, for what remains of it"

	kill "$BOX_PID" && wait "$BOX_PID" || true
	mkdir -p "$WORK/www/v1"
	! firewall || fail "the script says nothing when the server is down"
	says 'the last good list stays'
	nft delete table inet penaltybox
	! firewall || fail "the script says nothing when the server is down"
	# What strangers reach now.
	daemon www busybox httpd -f -p 0.0.0.0:8080 -h "$WORK/www"
	daemon www busybox httpd -f -p "[::]:8081" -h "$WORK/www"
	echo fine >"$WORK/www/version"
	wait_for 10 "a server of broken lists" curl -sf "$HTTP/version"
	as_before "with the server down"
	later fails
	as_before "with the server down, and the list loaded again"
	show "the server is down: the last list stays, and comes back after a restart"

	list=$WORK/firewall/list file=$WORK/www/v1/broken
	head -n -1 "$list" >"$file" && broken "a list that broke off"
	echo '<html>Sign in to the Wi-Fi</html>' >"$file" && broken "a page"
	: >"$file" && broken "nothing"
	{ cat "$list" && echo 'flush ruleset' && echo '}'; } >"$file" && broken "orders to nft"
	sed 's/^203.0.113.66 /203.0.113.666 /' "$list" >"$file" && broken "an address that is none"
	sed 's/203.0.113.66 timeout/203.0.113.8 timeout/' "$list" >"$WORK/www/v1/blocklist"
	firewall || fail "the script does not take a good list again"
	reaches $LISTED || fail "$LISTED, no longer listed, does not come in"
	shut_out $CLEAN || fail "$CLEAN, listed now, comes in"
	show "five broken lists are refused, and the next good one is loaded"
}

play "$@"
