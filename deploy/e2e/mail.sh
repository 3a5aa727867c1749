#!/usr/bin/env bash
# Real mail servers and spam filters turn listed addresses away and let others
# in; and when Penaltybox cannot answer, they let everybody in, soon.
#
#   deploy/e2e/mail.sh [PENALTYBOX]
#
# Postfix (smtpd and postscreen), Exim, SpamAssassin and rspamd ask Penaltybox
# through unbound. Strangers send them mail while Penaltybox is up, killed,
# started without its Redis, and silent. Each act has strangers of its own,
# whom no cache knows. What the daemons are told stands in mail/.
# See stage.sh for what surrounds this.
. "$(dirname "$0")/stage.sh"
. "$(dirname "$0")/clients.sh"
. "$(dirname "$0")/mail/daemons.sh"

readonly NEEDS=(
	redis-server:redis-server unbound:unbound swaks:swaks postfix:postfix spamd:spamd
	spamass-milter:spamass-milter rspamd:rspamd
)
readonly SERVER=203.0.113.25 SERVER6=2001:db8:25::25 BOX=127.0.0.53 HTTP=http://127.0.0.1:8080 METRICS=http://127.0.0.1:9090
readonly MOST_DELAY=30 # seconds that a mail may take, whatever happens; a busy machine needs most of them

# Who receives mail, and on which port.
readonly SERVERS=(smtpd postscreen exim spamassassin rspamd)
declare -A PORT=([smtpd]=25 [postscreen]=26 [exim]=27 [spamassassin]=28 [rspamd]=29)

start_strangers() {
	start_outside
	ip address add "$SERVER/24" dev wire
	ip address add "$SERVER6/32" dev wire nodad
}

start_redis() {
	mkdir "$WORK/redis"
	daemon redis redis-server --port 6379 --bind 127.0.0.1 --dir "$WORK/redis" --appendonly yes
	REDIS=$DAEMON
	wait_for 10 "Redis" redis-cli ping
}

start_penaltybox() {
	daemon penaltybox "$PENALTYBOX" serve --state "$WORK/state" --redis redis://127.0.0.1:6379/0 \
		--dns-listen "$BOX:53" --http-listen "${HTTP#http://}" --metrics-listen "${METRICS#http://}" \
		--zone "$ZONE,ttl=10s,negative-ttl=30s"
	BOX_PID=$DAEMON
	export PENALTYBOX_STATE=$WORK/state
}

# fetch_clients fetches the settings that make mail servers ask.
fetch_clients() {
	local name
	mkdir "$WORK/clients"
	for name in postfix.cf exim.conf rspamd-rbl.conf spamassassin.cf; do
		client "mail/$name" >"$WORK/clients/$name"
	done
}

ready() { wait_for 30 "penaltybox to be ready" curl -sf "$HTTP/readyz"; }

start_resolver() {
	cat >"$WORK/unbound.conf" <<-CONF
		server:
			directory: "$WORK"
			pidfile: ""
			chroot: ""
			username: ""
			use-syslog: no
			interface: 127.0.0.1
			module-config: "iterator"
			do-not-query-localhost: no
			# There is no other name in this world.
			local-zone: "." static
			local-zone: "$ZONE." transparent
			private-address: 127.0.0.0/8
			private-domain: "$ZONE"
		stub-zone:
			name: "$ZONE"
			stub-addr: $BOX
	CONF
	printf 'nameserver 127.0.0.1\noptions timeout:3 attempts:2\n' >"$WORK/resolv.conf"
	mount --bind "$WORK/resolv.conf" /etc/resolv.conf
	daemon unbound unbound -d -c "$WORK/unbound.conf"
	wait_for 10 "unbound" dig +tries=1 +time=1 @127.0.0.1 localhost
}

# strangers ACT: two that are listed, and two that are not.
strangers() {
	LISTED=("203.0.113.$((100 + $1))" "2001:db8:bad:$1::1")
	OTHERS=("203.0.113.$((200 + $1))" "2001:db8:900d:$1::1")
}

# invite_strangers brings those of every act, and lists who is to be listed.
invite_strangers() {
	local act address
	for act in 1 2 3 4; do
		strangers "$act"
		for address in "${LISTED[@]}" "${OTHERS[@]}"; do
			case $address in
			*:*) outside ip address add "$address/32" dev wire nodad ;;
			*) outside ip address add "$address/24" dev wire ;;
			esac
		done
		printf '%s\n' "${LISTED[@]}" | "$PENALTYBOX" report - spam.mail --points 50 >>"$LOG/report"
	done
}

# send WHOM ADDRESS sends a mail from an address. The transcript is kept, with
# swaks's status and the milliseconds it took in its last line.
send() {
	local server=$SERVER family=-4 file=$WORK/mails/$1-$2 status=0 begin
	case $2 in *:*) server=$SERVER6 family=-6 ;; esac
	begin=$(milliseconds)
	outside swaks "$family" --server "$server" --port "${PORT[$1]}" --local-interface "$2" --timeout 60 \
		--helo client.example --from a@client.example --to b@mx.example --body 'How are you?' >"$file" 2>&1 || status=$?
	echo "$status $(($(milliseconds) - begin))" >>"$file"
}

# What each says when it turns a listed address away.
declare -A REASON=(
	[smtpd]='554 5.7.1 .*blocked using bl.penaltybox.example; .* listed until .*(spam)'
	[postscreen]='550 5.7.1 .*blocked using bl.penaltybox.example'
	[exim]='550.* listed until .*(spam)'
	[spamassassin]='550 5.7.1 Blocked by SpamAssassin'
	[rspamd]='554 5.7.1 Spam message rejected'
)

# rejected WHOM ADDRESS tells whether the mail was turned away for the list.
# swaks's status from 23 to 26 is a server's refusal.
rejected() {
	local status
	read -r status _ < <(tail -n 1 "$WORK/mails/$1-$2")
	[ "$status" -ge 23 ] && [ "$status" -le 26 ] && grep -q "^<\*\*.*${REASON[$1]}" "$WORK/mails/$1-$2"
}

accepted() { [ "$(tail -n 1 "$WORK/mails/$1-$2" | cut -d ' ' -f 1)" = 0 ]; }

# mail_is VERDICT: all strangers of the act send mail to all servers at once;
# mail of listed ones is rejected or accepted, of others always accepted.
mail_is() {
	local whom address milliseconds most sending=()
	for whom in "${SERVERS[@]}"; do
		for address in "${LISTED[@]}" "${OTHERS[@]}"; do
			send "$whom" "$address" &
			sending+=($!)
		done
	done
	wait "${sending[@]}"
	for whom in "${SERVERS[@]}"; do
		most=0
		for address in "${LISTED[@]}"; do
			"$1" "$whom" "$address" || refute "$whom: mail from $address, listed, is not $1" "$whom-$address"
		done
		for address in "${OTHERS[@]}"; do
			accepted "$whom" "$address" || refute "$whom: mail from $address, not listed, is not accepted" "$whom-$address"
		done
		for address in "${LISTED[@]}" "${OTHERS[@]}"; do
			milliseconds=$(tail -n 1 "$WORK/mails/$whom-$address" | cut -d ' ' -f 2)
			[ "$milliseconds" -le "$most" ] || most=$milliseconds
		done
		[ "$most" -lt $((MOST_DELAY * 1000)) ] || fail "$whom took $most ms"
		show "$whom: mail from listed addresses $1, from others accepted, within $((most / 1000)).$((most % 1000 / 100)) s"
	done
}

# refute WHAT TRANSCRIPT fails with the end of a conversation.
refute() {
	tail -n 6 "$WORK/mails/$2" >"$LOG/conversation"
	fail "$1"
}

# mail_is_rejected_again waits until every server turns the listed strangers
# of the act away as before; what a resolver remembers of the fault must end.
mail_is_rejected_again() {
	local whom job jobs=() AGAIN
	AGAIN=$(milliseconds)
	for whom in "${SERVERS[@]}"; do
		comes_to_reject "$whom" &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		wait "$job" || exit 1
	done
}

comes_to_reject() {
	local address
	for address in "${LISTED[@]}"; do
		wait_for 90 "$1 to reject $address again" rejects "$1" "$address"
	done
	show "$1: mail from listed addresses rejected again after $((($(milliseconds) - AGAIN) / 1000)) s"
}

rejects() { send "$@" && rejected "$@"; }

not_ready() { dig +tries=1 +time=1 "@$BOX" "$(name "${LISTED[0]}")" | grep -q 'EDE: 14'; }

# unavailable tells how many look-ups were answered with SERVFAIL.
unavailable() { curl -sf "$METRICS/metrics" | awk '/^penaltybox_dns.*result="unavailable"/ { n += $2 } END { print n + 0 }'; }

while_up() {
	show '--- Penaltybox is up'
	strangers 1
	mail_is rejected
	local whom
	for whom in "${SERVERS[@]}"; do
		show "$whom says: $(grep -h '^<\*\*' "$WORK/mails/$whom-${LISTED[0]}")"
	done
}

while_killed() {
	show '--- Penaltybox is killed'
	kill -9 "$BOX_PID"
	wait "$BOX_PID" 2>/dev/null || true
	strangers 2
	mail_is accepted
}

while_restarting() {
	show '--- Penaltybox is started again, but its Redis hangs: SERVFAIL'
	kill -STOP "$REDIS"
	start_penaltybox
	strangers 3
	wait_for 20 "penaltybox to say that it is not ready" not_ready
	local before
	before=$(unavailable)
	mail_is accepted
	[ "$(unavailable)" -gt "$before" ] || fail "nobody asked Penaltybox while it was not ready"
	show '--- Redis goes on'
	kill -CONT "$REDIS"
	ready
	mail_is_rejected_again
}

while_silent() {
	show '--- Penaltybox hangs: silence'
	kill -STOP "$BOX_PID"
	strangers 4
	mail_is accepted
	show '--- Penaltybox goes on'
	kill -CONT "$BOX_PID"
	mail_is_rejected_again
}

start_servers() {
	local port
	start_postfix
	start_exim
	start_spamassassin
	start_rspamd
	for port in "${PORT[@]}" 783 11332; do
		wait_for 30 "port $port" listening "$port"
	done
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

story() {
	mkdir "$WORK/mails"
	start_strangers
	start_redis
	start_penaltybox
	start_resolver
	ready
	fetch_clients
	start_servers
	invite_strangers
	while_up
	while_killed
	while_restarting
	while_silent
	show "mail: all held"
}

play "$@"
