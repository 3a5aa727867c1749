#!/usr/bin/env bash
# Three strikes against a real OpenSSH server, from its own log into DNS.
#
#   deploy/e2e/sshd-three-strikes.sh [PENALTYBOX]
#
# The attacker sits on the other end of a wire. See stage.sh for what surrounds
# this.
. "$(dirname "$0")/stage.sh"

readonly NEEDS=(sshd:openssh-server ssh:openssh-client busybox:busybox)
readonly SERVER=203.0.113.1 ATTACKER=203.0.113.66 INNOCENT=198.51.100.7
readonly BOX=127.0.0.53 HTTP=http://127.0.0.1:8080

private_net() {
	start_outside
	ip address add "$SERVER/24" dev wire
	outside ip address add "$ATTACKER/24" dev wire
}

start_sshd() {
	mkdir -m 755 /run/sshd
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
	daemon sshd /usr/sbin/sshd -D -f "$WORK/sshd_config"
	wait_for 30 "sshd" grep -q 'Server listening' "$AUTH"
}

# attack USER: one connection that fails with wrong passwords until sshd ends it.
attack() {
	local strikes
	strikes=$(count_strikes)
	outside env SSH_ASKPASS="$WORK/wrong-password" SSH_ASKPASS_REQUIRE=force \
		ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=QUIET \
		-o PubkeyAuthentication=no -o NumberOfPasswordPrompts=9 -l "$1" "$SERVER" true </dev/null \
		&& fail "a wrong password was let in"
	wait_for 30 "sshd's line about $1" sh -c "[ \"\$(grep -c '$MAXAUTH' '$AUTH')\" -gt $strikes ]"
	show "$(tail -n 1 < <(grep "$MAXAUTH" "$AUTH"))"
}

readonly MAXAUTH='\]: error: maximum authentication attempts exceeded'
count_strikes() { grep -c "$MAXAUTH" "$AUTH" || true; }

start_penaltybox() {
	daemon penaltybox "$PENALTYBOX" serve --state "$WORK/state" --zone "$ZONE" \
		--dns-listen "$BOX:53" --http-listen "${HTTP#http://}"
	wait_for 20 "penaltybox to be ready" curl -sf "$HTTP/readyz"
	KEY=$(cat "$WORK/state/admin.key")
}

# post sends what the parser finds in the log so far, and prints the answer.
post() {
	"$PENALTYBOX" parse sshd "$AUTH" >"$WORK/incidents" 2>"$WORK/parse.err" || fail "parse: $(cat "$WORK/parse.err")"
	curl -sS --fail-with-body --data-binary @- -H "Authorization: Bearer $KEY" "$HTTP/v1/incidents" \
		<"$WORK/incidents" >"$WORK/answer" || fail "posting: $(cat "$WORK/answer")"
	show "posted $(wc -l <"$WORK/incidents") incidents"
}

score() { curl -sf -H "Authorization: Bearer $KEY" "$HTTP/v1/check/$1?format=json" | sed -n 's/.*"score": *\([0-9]*\).*/\1/p'; }

holds() { # WHAT GOT WANT
	expect "$@"
	show "$1: ${2:-nothing}"
}

story() {
	AUTH=$LOG/auth.log
	start_syslogd "$AUTH"
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
	holds "score after two strikes" "$(score $ATTACKER)" 40
	holds "DNS after two strikes" "$(look_up $BOX $ATTACKER)" ""

	attack admin
	post # the whole log again: two known events and a new one
	holds "score after three strikes" "$(score $ATTACKER)" 60
	holds "DNS after three strikes" "$(look_up $BOX $ATTACKER)" "127.0.0.2 127.0.0.3"
	show "DNS says why: $(look_up $BOX $ATTACKER TXT)"

	post # nothing new
	holds "score after the same log once more" "$(score $ATTACKER)" 60
	holds "score of the framed innocent" "$(score $INNOCENT)" 0
	holds "DNS about the framed innocent" "$(look_up $BOX $INNOCENT)" ""
	show "three strikes: all held"
}

play "$@"
