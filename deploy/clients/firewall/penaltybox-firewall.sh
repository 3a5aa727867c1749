#!/bin/sh
# penaltybox-firewall.sh drops what a Penaltybox lists, by nftables: it fetches
# the list, if it changed, and loads it and the rules in one transaction. Run it
# as root from the timer beside it; it needs curl and nft.
#
#   penaltybox-firewall.sh [SETTINGS]
#
# SETTINGS, /etc/penaltybox-firewall.conf otherwise, is read by the shell; the
# file of that name beside this tells what can be set. When the server cannot be
# reached, or sends what is not a whole list, the last good list stays, and each
# address leaves it when its listing ends. "nft delete table inet penaltybox"
# takes everything back.
set -eu
LC_ALL=C
PATH=/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH

url=@URL@
header=/etc/penaltybox-firewall.header
own=
lookup_ports=
state=/var/lib/penaltybox-firewall
most_bytes=134217728
settings=${1:-/etc/penaltybox-firewall.conf}
# shellcheck disable=SC1090 # what the operator sets
[ ! -e "$settings" ] || . "$settings"

say() { echo "penaltybox-firewall: $*" >&2; }

# commas WORD…
commas() {
	sum=
	for word in "$@"; do sum=${sum:+$sum, }$word; done
	echo "$sum"
}

# own_networks 4|6 prints those of a family.
own_networks() {
	for network in $own; do
		case $network in *:*) family=6 ;; *) family=4 ;; esac
		if [ "$family" = "$1" ]; then echo "$network"; fi
	done
}

# own_set NAME TYPE NETWORK… declares the set of our own networks.
own_set() {
	printf 'set %s { type %s; flags interval; auto-merge;' "$1" "$2"
	shift 2
	[ $# -eq 0 ] || printf ' elements = { %s }' "$(commas "$@")"
	printf ' }\n'
}

lookup_rule() {
	# shellcheck disable=SC2086 # words are wanted
	[ -z "$lookup_ports" ] || echo "tcp dport { $(commas $lookup_ports) } accept"
}

# rules prints the table, made anew. The two sets look as in the list.
# shellcheck disable=SC2046 # words are wanted
rules() {
	cat <<-RULES
		table inet penaltybox
		delete table inet penaltybox
		table inet penaltybox {
			set listed4 { type ipv4_addr; flags timeout; }
			set listed6 { type ipv6_addr; flags interval, timeout; }
			$(own_set own4 ipv4_addr $(own_networks 4))
			$(own_set own6 ipv6_addr $(own_networks 6))
			chain judge {
				iifname "lo" accept
				ct direction reply accept
				ip saddr @own4 accept
				ip6 saddr @own6 accept
				ip saddr @listed4 counter drop
				ip6 saddr @listed6 counter drop
			}
			chain input {
				type filter hook input priority filter - 10;
				$(lookup_rule)
				jump judge
			}
			chain forward {
				type filter hook forward priority filter - 10;
				jump judge
			}
		}
	RULES
}

# whole FILE tells whether a file is a list from its first line to its last, and
# nothing else: it is to be run by nft as root. What broke off has no end.
whole() {
	[ "$(head -n 1 "$1")" = 'table inet penaltybox {' ] || return 1
	case $(tail -n 1 "$1") in '}' | 'flush set inet penaltybox listed'[46]) ;; *) return 1 ;; esac
	! grep -Evq \
		-e '^table inet penaltybox \{$' -e '^\}$' \
		-e '^	set listed4 \{ type ipv4_addr; flags timeout; \}$' \
		-e '^	set listed6 \{ type ipv6_addr; flags interval, timeout; \}$' \
		-e '^(flush set|add element) inet penaltybox listed[46]( \{)?$' \
		-e '^[0-9a-f.:]+(/[0-9]{1,3})? timeout [0-9]{1,9}s,?$' "$1"
}

# age prints how many seconds ago a list was fetched; a clock that went back is
# taken for none.
age() {
	seconds=$(($(date +%s) - $(date -r "$1" +%s)))
	echo $((seconds > 0 ? seconds : 0))
}

# remaining FILE SECONDS prints a list as it is so many seconds later: what has
# ended is gone, and the rest ends when it always did.
remaining() {
	awk -v later="$2" '
		/^add element .*\{$/ { before = $0 "\n"; within = 1; next }
		within && /^\}$/ { if (before == ",\n") print "\n}"; within = 0; next }
		within {
			left = $3 - later
			if (left > 0) { printf "%s%s timeout %ds", before, $1, left; before = ",\n" }
			next
		}
		{ print }' "$1"
}

# load FILE loads the rules and a list: all of it, or nothing.
load() {
	{ rules && remaining "$1" "$(age "$1")"; } >"$state/transaction"
	nft -f "$state/transaction" || return 1
	rm -f "$state/transaction"
}

# loaded tells whether the rules are there, and no others: they go with a restart.
loaded() {
	nft list chain inet penaltybox judge >/dev/null 2>&1 &&
		rules | cmp -s - "$state/rules"
}

# keep WHY: the last list stays, and is loaded if it is not.
keep() {
	say "$1; the last good list stays"
	if [ -e "$state/list" ] && ! loaded; then
		load "$state/list" && rules >"$state/rules"
	fi
	exit 1
}

umask 077
mkdir -p "$state"
touch "$state/etag"
# Without a list, whatever the server says is news.
[ -e "$state/list" ] || : >"$state/etag"
rm -f "$state/new" "$state/new.etag"
: >"$state/asked"

# -f: an answer that is no list is none. The key is in a file, not in a command
# line. What curl cannot fetch whole is an error too.
code=$(curl -sS -f -o "$state/new" -w '%{http_code}' -H "@$header" \
	--connect-timeout 10 --max-time 120 --max-filesize "$most_bytes" \
	--etag-compare "$state/etag" --etag-save "$state/new.etag" \
	"$url/v1/blocklist?format=nftables") || keep "$url cannot be asked (HTTP status $code)"

case $code in
304)
	loaded && exit 0
	load "$state/list" || keep 'nft refuses the rules'
	;;
200)
	whole "$state/new" || keep "$url does not answer with a list"
	# How old a list is, its file tells.
	touch -r "$state/asked" "$state/new"
	load "$state/new" || keep 'nft refuses the list'
	mv "$state/new" "$state/list"
	mv "$state/new.etag" "$state/etag"
	say "$(grep -c ' timeout [0-9]*s' "$state/list" || :) addresses are listed"
	;;
*) keep "$url answers $code" ;;
esac
rules >"$state/rules"
