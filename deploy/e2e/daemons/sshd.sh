# shellcheck shell=bash
# OpenSSH: three connections that fail with wrong passwords until sshd ends them.
# A client chooses its user name and its farewell.

start_sshd() { # ADDRESS
	local dir=$WORK/sshd
	mkdir "$dir" && mkdir -m 755 /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$dir/host_key"
	printf '#!/bin/sh\necho wrong\n' >"$dir/wrong-password"
	chmod +x "$dir/wrong-password"
	cat >"$dir/config" <<-CONFIG
		ListenAddress $1
		HostKey $dir/host_key
		PidFile $dir/pid
		UsePAM no
		KbdInteractiveAuthentication no
		PasswordAuthentication yes
		MaxAuthTries 3
	CONFIG
	# sshd 9.8 and later turn an attacker away before he fails often enough.
	if /usr/sbin/sshd -t -f "$dir/config" -o PerSourcePenalties=no 2>/dev/null; then
		echo 'PerSourcePenalties no' >>"$dir/config"
	fi
	daemon sshd /usr/sbin/sshd -D -f "$dir/config"
	wait_for 10 "sshd" grep -q 'sshd.*Server listening' "$SYSLOG"
}

log_of_sshd() { echo "$SYSLOG"; }

watch_sshd() { printf '  - {service: sshd, files: [%s]}\n' "$SYSLOG"; }

forge_sshd() { # ADDRESS INNOCENT
	local line="error: maximum authentication attempts exceeded for root from $2 port 22 ssh2 [preauth]"
	ssh_farewell "$1" "$line"
	ssh_farewell "$1" $'bye\nNov 22 10:00:00 host sshd[1]: '"$line"
	ssh_guess "$1" "root from $2 port 22 ssh2 [preauth]"
	wait_for 10 "both farewells in sshd's log" said_farewell "$2"
}

said_farewell() { [ "$(grep -c "Received disconnect from .*$1" "$SYSLOG")" = 2 ]; }

attack_sshd() { # ADDRESS
	ssh_guess "$1" root
	ssh_guess "$1" admin
}

# ssh_guess ADDRESS USER
ssh_guess() {
	outside env SSH_ASKPASS="$WORK/sshd/wrong-password" SSH_ASKPASS_REQUIRE=force \
		ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=QUIET \
		-o PubkeyAuthentication=no -o NumberOfPasswordPrompts=9 -l "$2" "$1" true </dev/null \
		&& fail "sshd let a wrong password in"
	return 0
}

# ssh_farewell ADDRESS TEXT disconnects with a text (RFC 4253, section 11.1)
# before anything is encrypted.
ssh_farewell() {
	local length=${#2} padding packet
	padding=$((16 - (5 + 13 + length) % 8))
	packet=$(printf '%08x%02x 01 0000000b %08x' $((1 + 13 + length + padding)) "$padding" "$length")
	outside bash -c '
		exec 3<>"/dev/tcp/$1/22"
		read -r -t 10 <&3 # its version
		{
			printf "SSH-2.0-OpenSSH_9.2\r\n"
			printf "%b" "$2"
			printf "%s" "$3"
			printf "%b" "$4"
		} >&3
		cat <&3 >"/dev/null"
	' - "$1" "$(bytes "$packet")" "$2" "$(bytes "00000000$(printf '%0*d' $((2 * padding)) 0)")" || true
}

# bytes HEX prints digits as escapes for printf's %b.
bytes() { echo "$1" | tr -d ' ' | sed 's/../\\x&/g'; }
