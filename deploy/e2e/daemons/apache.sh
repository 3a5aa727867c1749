# shellcheck shell=bash
# Apache: probes for what is not there, told by its access log and its error log.
# Whoever claims to have a name is let in, so that the name gets into the log.

start_apache() { # ADDRESS
	local dir=$WORK/apache module
	mkdir -p "$dir/pages"
	{
		for module in mpm_event authn_core authn_anon authz_core authz_user auth_basic alias cgid; do
			echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
		done
		cat <<-CONFIG
			ServerName www.example
			Listen $1:80
			User www-data
			Group www-data
			DefaultRuntimeDir $dir
			PidFile $dir/pid
			ScriptSock $dir/cgid
			Mutex file:$dir default
			DocumentRoot $dir/pages
			ScriptAlias /cgi-bin/ $dir/pages/
			LogFormat "%v:%p %h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" vhost_combined
			CustomLog $LOG/apache-access.log vhost_combined
			ErrorLog $LOG/apache-error.log
			<Location />
				AuthType Basic
				AuthName strangers
				AuthBasicProvider anon
				Anonymous *
				Anonymous_MustGiveEmail off
				Require valid-user
			</Location>
		CONFIG
	} >"$dir/conf"
	daemon apache /usr/sbin/apache2 -D FOREGROUND -f "$dir/conf"
	wait_for 10 "Apache" curl -s -o /dev/null "http://$1/"
}

log_of_apache() { echo "$LOG/apache-access.log"; }

watch_apache() {
	printf '  - {service: web, files: [%s]}\n' "$LOG/apache-access.log"
	printf '  - {service: apache-error, files: [%s]}\n' "$LOG/apache-error.log"
}

forge_apache() { # ADDRESS INNOCENT
	forge_web "$@"
	request --path-as-is "http://$1/cgi-bin/.%2e/.%2e/[client%20$2:1]%20AH10244:%20invalid%20URI%20path%20(/x)"
	wait_for 10 "Apache's error log" grep -q 'AH10244.*client' "$LOG/apache-error.log"
}

attack_apache() { attack_web "$@"; }
