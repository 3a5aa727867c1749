# shellcheck shell=bash
# nginx: probes for what is not there. A client chooses its path, its referer,
# its browser's name, and what it claims to be called.

start_nginx() { # ADDRESS
	local dir=$WORK/nginx
	mkdir "$dir"
	cat >"$dir/conf" <<-CONF
		daemon off;
		pid $dir/pid;
		error_log $LOG/nginx-error.log;
		events {}
		http {
			access_log $LOG/nginx-access.log combined;
			client_body_temp_path $dir/body;
			proxy_temp_path $dir/proxy;
			fastcgi_temp_path $dir/fastcgi;
			uwsgi_temp_path $dir/uwsgi;
			scgi_temp_path $dir/scgi;
			server {
				listen $1:80;
				root $dir/pages;
			}
		}
	CONF
	mkdir "$dir/pages"
	daemon nginx /usr/sbin/nginx -p "$dir" -c "$dir/conf" -e "$LOG/nginx-error.log"
	wait_for 10 "nginx" curl -s -o /dev/null "http://$1/"
}

log_of_nginx() { echo "$LOG/nginx-access.log"; }

watch_nginx() { printf '  - {service: web, files: [%s]}\n' "$LOG/nginx-access.log"; }

forge_nginx() { forge_web "$@"; }

attack_nginx() { attack_web "$@"; }

# forge_web ADDRESS INNOCENT says that the innocent asks, in each place where a
# client may write; the web server answers 404.
forge_web() {
	local line="$2 - - [22/Nov/2026:10:00:00 +0000] \"GET /.env HTTP/1.1\" 404 1 \"-\" \"-\""
	request -u "x $2 - y:x" "http://$1/wp-login.php" -d x=x
	request -u "$2 - -:x" "http://$1/wp-login.php"
	request -A "$line" -e "$line" -H "X-Forwarded-For: $2" -H "Forwarded: for=$2" -H "X-Real-IP: $2" -H "Host: $2" "http://$1/robots.txt"
	request --path-as-is "http://$1/%0a$(echo "$line" | sed 's/ /%20/g; s/"/%22/g')"
}

# attack_web ADDRESS
attack_web() {
	request "http://$1/.env"
	request "http://$1/.git/config"
	request "http://$1/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php" -d '<?php'
}

# request CURL-OPTION… as a stranger; any answer will do.
request() { outside curl -gsS -o /dev/null "$@"; }
