#!/usr/bin/env bash
# rspamd as Debian ships it scans mails and tells of those that it rejects with
# its own metadata_exporter; DNS lists who sent two of them, over IPv4 and IPv6,
# and nobody else. Its multimap holds the list itself, and asks only whether it
# changed.
#
#   deploy/e2e/rspamd.sh [PENALTYBOX]
#
# What is configured stands in reportapi/compat/README.md and is read from there.
# See stage.sh for what surrounds this.
. "$(dirname "$0")/stage.sh"
. "$(dirname "$0")/clients.sh"

readonly NEEDS=(rspamd:rspamd)
readonly BOX=127.0.0.53 HTTP=http://127.0.0.1:8080 RSPAMD=http://127.0.0.1:11333
readonly SPAMMERS=(203.0.113.60 2001:db8:0:60::7) CUSTOMER=198.51.100.61 WRITER=198.51.100.62
readonly SPAM='Buy now, it is cheap!'
README=$(realpath "$(dirname "$0")/../../reportapi/compat/README.md")
readonly README

start_penaltybox() {
	daemon penaltybox "$PENALTYBOX" serve --state "$WORK/state" --zone "$ZONE" --log-level debug \
		--dns-listen "$BOX:53" --http-listen "${HTTP#http://}"
	wait_for 20 "penaltybox to be ready" curl -sf "$HTTP/readyz"
	export PENALTYBOX_STATE=$WORK/state PENALTYBOX_URL=$HTTP
}

start_rspamd() {
	local dir=$WORK/rspamd
	mkdir "$dir" && chmod 777 "$dir"
	echo example >"$dir/tld"
	(umask 077 && "$PENALTYBOX" reporter add mx1 >"$WORK/mx1.key")
	awk '/^```ucl/ { inside = 1; next } /^```/ { inside = 0 } inside' "$README" |
		sed "s|https://bl.example|$HTTP|; s|pbx_…|$(cat "$WORK/mx1.key")|" >"$dir/metadata_exporter.conf"
	grep -q "$HTTP/compat/rspamd" "$dir/metadata_exporter.conf" || fail "the README has nothing for rspamd"
	client mail/rspamd-multimap.conf | sed "s|KEY/|$("$PENALTYBOX" reporter add mx2 --role reader)/|" >"$dir/multimap.conf"
	echo "rspamd_parse_redis_server = require 'lua_redis'.parse_redis_server" >"$dir/globals.lua" # as rspamd's own rules do
	cat >"$dir/conf" <<-END
		options {
		  pidfile = "$dir/pid"; tempdir = "$dir"; hs_cache_dir = "$dir"; url_tld = "$dir/tld";
		  dns { nameserver = ["$BOX:53"]; timeout = 1s; retransmits = 1; }
		  filters = "regexp"; disable_hyperscan = true; map_watch_interval = 1s;
		}
		logging { type = "console"; level = "notice"; }
		worker "normal" { bind_socket = "${RSPAMD#http://}"; count = 1; }
		worker "controller" { bind_socket = "127.0.0.1:11334"; count = 1; secure_ip = "127.0.0.1"; }
		lua = "$dir/globals.lua";
		modules { path = "/usr/share/rspamd/plugins/metadata_exporter.lua"; path = "/usr/share/rspamd/plugins/multimap.lua"; }
		multimap { .include "$dir/multimap.conf" }
		metadata_exporter { .include "$dir/metadata_exporter.conf" }
		regexp { ADVERT { re = "/buy now/i{body}"; score = 16; } }
		actions { reject = 15; }
	END
	daemon rspamd rspamd --no-fork --insecure --config "$dir/conf"
	wait_for 20 "rspamd" curl -sf "$RSPAMD/ping"
}

# mail ADDRESS QUEUE-ID TEXT [HEADER]… lets rspamd scan a mail, and prints what it
# does about it.
mail() {
	local address=$1 id=$2 text=$3 header headers=()
	shift 3
	for header; do headers+=(-H "$header"); done
	printf 'From: a@sender.example\r\nTo: b@local.example\r\nSubject: Win a prize\r\nMessage-ID: <%s@sender.example>\r\n\r\n%s\r\n' "$id" "$text" |
		curl -sf -H "IP: $address" -H "Queue-Id: $id" -H "From: a@sender.example" -H "Rcpt: b@local.example" "${headers[@]}" \
			--data-binary @- "$RSPAMD/checkv2" | grep -o '"action":"[a-z ]*"'
}

recorded() {
	[ "$(curl -sf "$HTTP/metrics" | sed -n 's/^penaltybox_reports_total{outcome="recorded"} //p')" = "$1" ]
}

# marked ADDRESS tells whether rspamd finds it on the list that it holds itself.
marked() {
	printf 'Subject: Lunch\r\n\r\nAt noon?\r\n' | curl -sf -H "IP: $1" --data-binary @- "$RSPAMD/checkv2" | grep -q '"PENALTYBOX_LIST"'
}

# unchanged tells whether rspamd has heard of an unchanged list so often.
unchanged() { [ "$(grep -c 'route=/lists/:key/:format status=304' "$LOG/penaltybox")" -ge "$1" ]; }

holds_the_list() {
	local address
	for address in "${SPAMMERS[0]}" "${SPAMMERS[1]%7}99"; do
		wait_for 30 "rspamd to know the list" marked "$address"
	done
	! marked $WRITER || fail "rspamd finds $WRITER on the list"
	wait_for 30 "rspamd to ask again" unchanged 1
	"$PENALTYBOX" report $WRITER hacked.host >>"$LOG/report"
	wait_for 30 "rspamd to hear of $WRITER" marked $WRITER
	marked "${SPAMMERS[0]}" || fail "rspamd has forgotten ${SPAMMERS[0]}"
	! marked $CUSTOMER || fail "rspamd finds $CUSTOMER on the list"
	show "rspamd's multimap: the list is loaded, an unchanged one is not fetched again, and a change arrives"
}

listed() { [ -n "$(look_up $BOX "$1")" ]; }

story() {
	local spammer
	start_penaltybox
	start_rspamd
	expect "rspamd about a customer's mail" "$(mail $CUSTOMER 4Zc1 "$SPAM" 'User: customer')" '"action":"reject"'
	mail $WRITER 4Zw1 'How do you do?' >/dev/null
	for spammer in "${SPAMMERS[@]}"; do
		expect "rspamd about spam" "$(mail "$spammer" "4Z1${#spammer}" "$SPAM")" '"action":"reject"'
	done
	wait_for 10 "both spammers to be reported" recorded 2
	for spammer in "${SPAMMERS[@]}"; do
		expect "DNS about $spammer after one mail" "$(look_up $BOX "$spammer")" ""
		mail "$spammer" "4Z2${#spammer}" "$SPAM" >/dev/null
	done
	for spammer in "${SPAMMERS[@]}"; do
		wait_for 10 "DNS to list $spammer" listed "$spammer"
		expect "DNS about $spammer" "$(look_up $BOX "$spammer")" "127.0.0.2 127.0.0.7"
		show "listed: $(look_up $BOX "$spammer" TXT)"
	done
	recorded 4 || fail "others than the spammers were reported"
	! grep -E 'got (error|unexpected)' "$LOG/rspamd" || fail "rspamd is not at ease"
	curl -sf -H "Authorization: Bearer $(cat "$WORK/state/admin.key")" "$HTTP/v1/ips/${SPAMMERS[0]}" |
		grep -q 'rejected it with 16.0 points: ADVERT' || fail "the note does not say why rspamd rejected it"
	! grep -rqE 'prize|sender\.example|local\.example' "$WORK/state" "$LOG/penaltybox" || fail "subject or people of a mail were kept"
	holds_the_list
	show "rspamd: all held"
}

play "$@"
