# shellcheck shell=bash
# Dovecot: sessions that fail to log in five times or more, one of them as a user
# who is a trap. Its users' passwords serve Postfix, too. A client chooses the
# name that it tries.

readonly MAIL_TRAP=oldboss

start_dovecot() { # ADDRESS
	local dir=$WORK/dovecot
	mkdir "$dir"
	cat >"$dir/conf" <<-CONF
		base_dir = $dir/run
		state_dir = $dir/state
		protocols = imap
		listen = $1
		ssl = no
		disable_plaintext_auth = no
		# As some have it whose users' names are unusual.
		auth_username_chars =
		auth_failure_delay = 0
		service anvil {
		  # Nor does it make those wait who failed before.
		  unix_listener anvil-auth-penalty {
		    mode = 0
		  }
		}
		service auth {
		  unix_listener $WORK/smtp-auth {
		    mode = 0666
		  }
		}
		service imap-login {
		  inet_listener imaps {
		    port = 0
		  }
		}
		passdb {
		  driver = static
		  args = password=right
		}
		userdb {
		  driver = static
		  args = uid=nobody gid=nogroup home=$dir
		}
	CONF
	daemon dovecot /usr/sbin/dovecot -F -c "$dir/conf"
	wait_for 20 "Dovecot" greets "$1" 143
}

log_of_dovecot() { echo "$SYSLOG"; }

watch_dovecot() { printf '  - {service: dovecot, files: [%s], tier: medium, traps: [%s]}\n' "$SYSLOG" "$MAIL_TRAP"; }

forge_dovecot() { # ADDRESS INNOCENT
	imap_guess "$1" "x>, method=PLAIN, rip=$2, lip=$1, session=<x"
	imap_guess "$1" "x>, rip=$2, lip=$1"
}

attack_dovecot() { # ADDRESS
	imap_guess "$1" alice
	imap_guess "$1" "$MAIL_TRAP"
}

# imap_guess ADDRESS USER fails to log in five times in one session.
imap_guess() {
	local tag
	for tag in a b c d e; do
		printf '%s LOGIN "%s" wrong\n' "$tag" "$2"
	done | outside "$CONVERSE" "$1" 143 '^([*] OK|[a-e] NO)' >>"$WORK/imap"
}
