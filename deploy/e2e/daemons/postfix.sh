# shellcheck shell=bash
# Postfix: HTTP instead of SMTP, mail for strangers, and failing to log in until
# Postfix ends it. A client chooses what he calls himself and whom he writes to.

start_postfix() { # ADDRESS
	local dir=$WORK/postfix
	mkdir -p "$dir/conf" "$dir/queue" "$dir/data"
	chown postfix "$dir/data"
	cat >"$dir/conf/main.cf" <<-CONF
		compatibility_level = 3.6
		queue_directory = $dir/queue
		data_directory = $dir/data
		myhostname = mx.example
		mydestination = mx.example
		mynetworks = 127.0.0.1/32
		inet_interfaces = $1
		inet_protocols = ipv4
		alias_maps =
		local_recipient_maps =
		smtpd_peername_lookup = no
		smtpd_sasl_auth_enable = yes
		smtpd_sasl_type = dovecot
		smtpd_sasl_path = unix:$WORK/smtp-auth
		smtpd_error_sleep_time = 0
		smtpd_hard_error_limit = 3
	CONF
	cat >"$dir/conf/master.cf" <<-CONF
		25         inet  n       -       n       -       -       smtpd
		rewrite    unix  -       -       n       -       -       trivial-rewrite
		cleanup    unix  n       -       n       -       0       cleanup
		anvil      unix  -       -       n       -       1       anvil
	CONF
	daemon postfix /usr/sbin/postfix -c "$dir/conf" start-fg
	wait_for 20 "Postfix" greets "$1" 25
}

log_of_postfix() { echo "$SYSLOG"; }

watch_postfix() { printf '  - {service: postfix, files: [%s]}\n' "$SYSLOG"; }

forge_postfix() { # ADDRESS INNOCENT
	outside curl -s --http0.9 -o /dev/null "http://$1:25/?non-SMTP%20command%20from%20unknown[$2]:%20GET%20/" -g || true
	smtp "$1" "EHLO unknown[$2]" 'MAIL FROM:<a@client.example>' \
		"RCPT TO:<\"x>: Relay access denied; from unknown[$2]: 554 5.7.1 <x\"@stranger.example>" QUIT
	smtp "$1" 'EHLO x' "AUTH PLAIN $(printf '\0x, from unknown[%s]\0wrong' "$2" | base64 -w 0)" QUIT
	wait_for 10 "Postfix to log the HTTP request" grep -q 'non-SMTP command from' "$SYSLOG"
}

attack_postfix() { # ADDRESS
	local wrong
	wrong="AUTH PLAIN $(printf '\0alice\0wrong' | base64)"
	smtp "$1" 'EHLO x' "$wrong" "$wrong" "$wrong" "$wrong"
	smtp "$1" 'EHLO x' 'MAIL FROM:<a@client.example>' 'RCPT TO:<b@stranger.example>' QUIT
}

# smtp ADDRESS LINE… says each line, after a reply to the one before.
smtp() {
	local address=$1
	shift
	printf '%s\n' "$@" | outside "$CONVERSE" "$address" 25 '^[0-9]{3} ' >>"$WORK/smtp"
}
