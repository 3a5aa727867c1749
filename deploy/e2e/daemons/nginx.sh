# shellcheck shell=bash
# nginx: probes for what is not there.

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
