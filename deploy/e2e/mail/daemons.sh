# shellcheck shell=bash
# The mail servers and spam filters of mail.sh: how each is had and started.
# Their settings stand beside this.

# settings FILE… prints files of this folder with our settings filled in.
settings() { sed -s "s|WORK|$WORK|g; s|ZONE|$ZONE|g" "${@/#/$SETTINGS/}"; }
SETTINGS=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
readonly SETTINGS

start_postfix() {
	local dir=$WORK/postfix
	mkdir -p "$dir/conf" "$dir/queue" "$dir/data"
	chown postfix "$dir/data"
	{ settings main.cf && cat "$WORK/clients/postfix.cf"; } >"$dir/conf/main.cf"
	settings master.cf >"$dir/conf/master.cf"
	daemon postfix postfix -c "$dir/conf" start-fg
}

start_exim() {
	local dir=$WORK/exim
	mkdir "$dir/spool"
	settings exim.conf >"$dir/conf"
	# Debian's Exim runs as a user that its package would have made.
	if ! getent passwd Debian-exim >/dev/null; then
		cp /etc/passwd /etc/group "$dir"
		echo 'Debian-exim:x:64999:64999::/nonexistent:/usr/sbin/nologin' >>"$dir/passwd"
		echo 'Debian-exim:x:64999:' >>"$dir/group"
		mount --bind "$dir/passwd" /etc/passwd
		mount --bind "$dir/group" /etc/group
	fi
	chown Debian-exim: "$dir/spool"
	LD_LIBRARY_PATH=$(exim_path) daemon exim "$dir/root/usr/sbin/exim4" -C "$dir/conf" -bdf
}

start_spamassassin() {
	local dir=$WORK/spamassassin
	mkdir -p "$dir/rules" "$dir/site" "$dir/home"
	settings spamassassin/site.pre >"$dir/site/site.pre"
	settings spamassassin/local.cf >"$dir/rules/local.cf"
	chmod 777 "$dir" "$dir/home"
	HOME=$dir/home daemon spamd spamd --configpath="$dir/rules" --siteconfigpath="$dir/site" --nouser-config \
		--username=nobody --listen=127.0.0.1:783 --min-children=4 --max-children=4 --syslog=stderr
	daemon spamass-milter spamass-milter -p "$dir/milter" -r 5 -- -d 127.0.0.1 -p 783
	wait_for 10 "the milter" test -S "$dir/milter"
	chmod 666 "$dir/milter"
}

start_rspamd() {
	local dir=$WORK/rspamd
	mkdir "$dir"
	settings rspamd/rspamd.conf >"$dir/conf"
	echo example >"$dir/tld"
	chmod 777 "$dir"
	daemon rspamd rspamd --no-fork --insecure --config "$dir/conf"
}

# fetch gets Exim, which cannot be installed beside Postfix, and those of its
# libraries that are not there. (And swaks speaks IPv6 only with a module.)
fetch() {
	local library
	if ! perl -MIO::Socket::INET6 -e 1 2>/dev/null; then
		echo 'missing Debian packages; run: apt-get install --no-install-recommends libio-socket-inet6-perl' >&2
		exit 1
	fi
	mkdir "$WORK/exim"
	fetch_package exim4-daemon-light
	for _ in 1 2 3; do # a library may need another
		for library in $(exim_libraries | sed -n 's/^[[:space:]]*\(.*\) => not found/\1/p'); do
			fetch_package "$(package_of "$library")"
		done
	done
	! exim_libraries | grep 'not found' || exit 1
}

exim_libraries() { LD_LIBRARY_PATH=$(exim_path) ldd "$WORK/exim/root/usr/sbin/exim4"; }

exim_path() { echo "$WORK"/exim/root/usr/lib/*-linux-gnu; }

# package_of LIBRARY: as Debian names them, libidn.so.12 is in libidn12 and
# libevent-2.1.so.7 in libevent-2.1-7.
package_of() { echo "$1" | sed 's/\([0-9]\)\.so\./\1-/; s/\.so\.//'; }

fetch_package() {
	(cd "$WORK/exim" && apt-get -q -o Acquire::Retries=3 download "$1" && dpkg-deb -x "$1"_*.deb root) >"$WORK/fetch" 2>&1 || {
		cat "$WORK/fetch"
		echo "Exim cannot be installed beside Postfix, so this fetches Debian's package $1 by apt-get download, which failed" >&2
		exit 1
	}
}
