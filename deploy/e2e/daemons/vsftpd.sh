# shellcheck shell=bash
# vsftpd: ten wrong passwords within ten minutes, and one for a user who is a
# trap. A client chooses the name that he tries.

readonly FTP_TRAP=oldboss

start_vsftpd() { # ADDRESS
	local dir=$WORK/vsftpd
	mkdir -p "$dir/empty"
	# Debian's waits two seconds after each wrong password.
	printf '%s required pam_unix.so nodelay\n' auth account >"$dir/pam"
	mount --bind "$dir/pam" /etc/pam.d/vsftpd
	cat >"$dir/conf" <<-CONF
		listen=YES
		listen_address=$1
		background=NO
		anonymous_enable=NO
		local_enable=YES
		pam_service_name=vsftpd
		secure_chroot_dir=$dir/empty
		xferlog_enable=YES
		vsftpd_log_file=$LOG/vsftpd.log
		delay_failed_login=0
	CONF
	daemon vsftpd vsftpd "$dir/conf"
	wait_for 10 "vsftpd" greets "$1" 21
}

log_of_vsftpd() { echo "$LOG/vsftpd.log"; }

watch_vsftpd() { printf '  - {service: vsftpd, files: [%s], tier: soft, traps: [%s]}\n' "$LOG/vsftpd.log" "$FTP_TRAP"; }

forge_vsftpd() { # ADDRESS INNOCENT
	local _
	for _ in 1 2 3 4; do # as often as it would count
		ftp_guess "$1" "x] FAIL LOGIN: Client \"$2\""
		ftp_guess "$1" "x\" FAIL LOGIN: Client \"$2"
	done
}

attack_vsftpd() { # ADDRESS
	local i
	for i in 1 2 3 4; do
		ftp_guess "$1" "user$i"
	done
	ftp_guess "$1" "$FTP_TRAP"
}

# ftp_guess ADDRESS USER fails to log in three times, which vsftpd allows.
ftp_guess() {
	local _
	for _ in 1 2 3; do
		printf 'USER %s\nPASS wrong\n' "$2"
	done | outside "$CONVERSE" "$1" 21 '^[0-9]{3} ' >>"$WORK/ftp"
}
