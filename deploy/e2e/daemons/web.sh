# shellcheck shell=bash
# What attackers ask of both web servers. A client chooses its path, its referer,
# its browser's name, and what it claims to be called.

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

# request CURL-OPTION… as a stranger; any answer will do. The last -u counts.
request() { outside curl -gsS -u x:x -o /dev/null "$@"; }
