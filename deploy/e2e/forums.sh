#!/usr/bin/env bash
# Forums turn listed visitors away and let others in, and everybody when
# Penaltybox cannot be asked: Debian's MediaWiki by DNS and by HTTP, and what
# deploy/clients has for other forums, called as those call it.
#
#   deploy/e2e/forums.sh [PENALTYBOX]
#
# See stage.sh for what surrounds this.
. "$(dirname "$0")/stage.sh"
. "$(dirname "$0")/clients.sh"
. "$(dirname "$0")/forums/hosts.sh"

readonly NEEDS=(php:php-cli)
readonly SERVER=203.0.113.25 SERVER6=2001:db8:25::25 BOX=127.0.0.53 HTTP=http://127.0.0.1:8080
readonly LISTED=203.0.113.66 LISTED6=2001:db8:bad::1 CLEAN=203.0.113.8 CLEAN6=2001:db8:600d::1

FORUMS=$(realpath "$(dirname "$0")/forums")
readonly FORUMS MEDIAWIKI=/usr/share/mediawiki

start_penaltybox() {
	printf 'wiki 90c1c7d4a6b2e8f3d5a49b77\n' >"$WORK/dns.keys"
	daemon penaltybox "$PENALTYBOX" serve --state "$WORK/state" --dns-listen "$BOX:53" --http-listen "${HTTP#http://}" \
		--zone "$ZONE" --zone "keyed.example,keys-file=$WORK/dns.keys" --public-url "$HTTP"
	BOX_PID=$DAEMON
	wait_for 60 "penaltybox to be ready" curl -sf "$HTTP/readyz"
	export PENALTYBOX_STATE=$WORK/state PENALTYBOX_URL=$HTTP
	printf 'nameserver %s\noptions timeout:5 attempts:1\n' "$BOX" >"$WORK/resolv.conf"
	mount --bind "$WORK/resolv.conf" /etc/resolv.conf
}

invite_strangers() {
	start_outside
	ip address add "$SERVER/24" dev wire
	ip address add "$SERVER6/32" dev wire nodad
	local address
	for address in $LISTED $CLEAN; do outside ip address add "$address/24" dev wire; done
	for address in $LISTED6 $CLEAN6; do outside ip address add "$address/32" dev wire nodad; done
	printf '%s\n' $LISTED $LISTED6 | "$PENALTYBOX" report - hacked.host >>"$LOG/report"
}

# start_wiki PORT LINE… runs a MediaWiki with more settings, over IPv4 and IPv6.
start_wiki() {
	local port=$1 wiki=$WORK/wiki-$1
	shift
	mkdir "$wiki" "$wiki/data"
	cp -r "$MEDIAWIKI/." "$wiki" 2>>"$LOG/mediawiki" || true # -r: its links lead to what may not be there
	rm -f "$wiki/LocalSettings.php"
	php "$wiki/maintenance/install.php" --dbtype sqlite --dbpath "$wiki/data" --dbname wiki --scriptpath '' \
		--server "http://$SERVER:$port" --pass 'a-Long-Admin-Word-7' Wiki Admin >>"$LOG/mediawiki" 2>&1 || fail "MediaWiki cannot be installed"
	{
		printf '$wgMainCacheType = CACHE_NONE;\n$wgRateLimits = [];\n'
		printf '%s\n' "$@"
	} >>"$wiki/LocalSettings.php"
	daemon mediawiki php -S "0.0.0.0:$port" -t "$wiki"
	daemon mediawiki php -S "[::]:$((port + 1))" -t "$wiki"
	wait_for 30 "MediaWiki" curl -sf "http://127.0.0.1:$port/api.php?action=query&format=json"
}

# wiki ADDRESS PORT ARGUMENT… calls the wiki's API as a stranger.
wiki() {
	local address=$1 server=$SERVER port=$2
	shift 2
	case $address in *:*) server="[$SERVER6]" port=$((port + 1)) ;; esac
	outside curl -s --max-time 60 --interface "$address" -b "$WORK/cookies-$address" -c "$WORK/cookies-$address" \
		"http://$server:$port/api.php?format=json" "$@"
}

# edit ADDRESS PORT prints what the wiki says to an edit without an account.
edit() {
	wiki "$1" "$2" -d action=edit -d title="Page of ${1//:/-}" -d text="I was here $RANDOM" --data-urlencode 'token=+\' |
		grep -oE '"result":"Success"|"code":"[a-z]*"' | head -n 1
}

# sign_up ADDRESS PORT NAME prints what the wiki says to a new account.
sign_up() {
	local token
	token=$(wiki "$1" "$2" -d action=query -d meta=tokens -d type=createaccount | sed 's/.*"createaccounttoken":"\([^"]*\)".*/\1/; s/\\\\/\\/g')
	wiki "$1" "$2" -d action=createaccount -d username="$3" -d password=a-Long-Word-7 -d retype=a-Long-Word-7 \
		-d createreturnurl="http://$SERVER/" --data-urlencode "createtoken=$token" |
		grep -oE '"status":"[A-Z]*"|"code":"[a-z]*"' | head -n 1
}

mediawiki() {
	local wiki=8090 keyed=8094
	client forum/mediawiki.php >"$WORK/penaltybox-mediawiki.php"
	start_wiki $wiki "require '$WORK/penaltybox-mediawiki.php';"
	expect "an edit from $CLEAN" "$(edit $CLEAN $wiki)" '"result":"Success"'
	expect "an edit from $LISTED" "$(edit $LISTED $wiki)" '"code":"blocked"'
	expect "an edit from $CLEAN6" "$(edit $CLEAN6 $wiki)" '"result":"Success"'
	expect "an edit from $LISTED6" "$(edit $LISTED6 $wiki)" '"code":"blocked"'
	expect "an account from $LISTED" "$(sign_up $LISTED $wiki Mallory)" '"status":"FAIL"'
	expect "an account from $LISTED6" "$(sign_up $LISTED6 $wiki Mallory)" '"status":"FAIL"'
	expect "an account from $CLEAN" "$(sign_up $CLEAN $wiki Alice)" '"status":"PASS"'
	show "MediaWiki: no edits and no accounts from listed addresses, IPv4 by DNS and IPv6 by HTTP"

	# The line with a key, as the file has it.
	start_wiki $keyed "$(sed -n 's|^// \(\$wgDnsBlacklistUrls\)|$wgEnableDnsBlacklist = true; \1|p' "$WORK/penaltybox-mediawiki.php" |
		sed "s|$ZONE|keyed.example|; s|'KEY'|'90c1c7d4a6b2e8f3d5a49b77'|")"
	expect "an edit from $LISTED, with a key" "$(edit $LISTED $keyed)" '"code":"blocked"'
	expect "an edit from $CLEAN, with a key" "$(edit $CLEAN $keyed)" '"result":"Success"'
	show "MediaWiki: the same with a key in front of the name"
}

story() {
	[ -e "$MEDIAWIKI/maintenance/install.php" ] || fail "MediaWiki is missing: install the Debian package mediawiki"
	php -r 'exit(extension_loaded("pdo_sqlite") ? 0 : 1);' || fail "PHP lacks SQLite: install the Debian package php-sqlite3"
	start_penaltybox
	invite_strangers
	(umask 077 && "$PENALTYBOX" reporter add forum1 --role checker >"$WORK/forum.key")
	client forum/penaltybox.php | sed "s|/etc/penaltybox-forum.key|$WORK/forum.key|; s|sys_get_temp_dir() . '|'$WORK|" >"$WORK/penaltybox.php"
	hosts
	mediawiki
	kill "$BOX_PID" && wait "$BOX_PID" || true
	rm -rf "$WORK"/penaltybox-[0-9]*
	expect "an edit from $LISTED while Penaltybox is down" "$(edit $LISTED 8090)" '"result":"Success"'
	expect "an edit from $LISTED6 while Penaltybox is down" "$(edit $LISTED6 8090)" '"result":"Success"'
	show "MediaWiki: Penaltybox is down, and everybody may write"
}

play "$@"
