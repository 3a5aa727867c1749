#!/bin/sh
# report-ssh.sh: reports "maximum authentication attempts exceeded" from sshd's
# log to a Penaltybox server, with grep, sed and curl (and date, for the year).
#
#   PENALTYBOX_URL=https://bl.example.org PENALTYBOX_KEY_FILE=/etc/penaltybox.key \
#       report-ssh.sh /var/log/auth.log
#
# Run it from cron as often as you like: the server takes each line once. Lines
# that are exactly alike, in the same second, count as one. "penaltybox watch"
# tells those apart, knows more attacks and services, and follows rotations.
set -eu

log=${1:-/var/log/auth.log}
url=${PENALTYBOX_URL:-http://127.0.0.1:8080}
key_file=${PENALTYBOX_KEY_FILE:-/etc/penaltybox.key}
host=$(uname -n)
LC_ALL=C
export LC_ALL
if [ ! -r "$log" ]; then
	echo "report-ssh.sh: $log cannot be read" >&2
	exit 1
fi

# A line must be sshd's from its first byte to its last. What a client calls
# itself may hold another address, but always before the last " from ".
short='[A-Z][a-z][a-z] [ 0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]'
long='[0-9]\{4\}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9][.0-9]*[-+Z][0-9:]*'
sshd='[^] []* sshd\(-session\|-auth\)\{0,1\}\[[0-9]*\]: '
said='\(error: \)\{0,1\}maximum authentication attempts exceeded for .* from '
tail='[0-9a-fA-F:.]* port [0-9]\{1,5\} ssh2\( \[preauth\]\)\{0,1\}$'

# Times without a year are of this year and this machine's zone. In January
# those of December lie in the future, and the server refuses them. The zone is
# not in the id: it changes twice a year, and the line stays.
year=$(date +%Y)
zone=$(date +%z | sed 's/..$/:&/')

rows=$(grep -e "^$short $sshd$said$tail" -e "^$long $sshd$said$tail" "$log" | sed -n \
	-e 's/^Jan /01 /; s/^Feb /02 /; s/^Mar /03 /; s/^Apr /04 /; s/^May /05 /; s/^Jun /06 /' \
	-e 's/^Jul /07 /; s/^Aug /08 /; s/^Sep /09 /; s/^Oct /10 /; s/^Nov /11 /; s/^Dec /12 /' \
	-e 's/^\([0-9][0-9]\)  /\1 0/' \
	-e "s/^\([0-9][0-9]\) \([0-9][0-9]\) \([0-9:]*\) /$year-\1-\2T\3 $zone /; t told" \
	-e 's/ /  /; : told' \
	-e 's/^\([^ ]*\) \([^ ]*\) [^ ]* [^ ]*\[\([0-9]*\)\]: .* from \([0-9a-fA-F:.]*\) port \([0-9]*\) ssh2.*$/{"ip":"\4","kind":"ssh.maxauth","time":"\1\2","id":"'"$host"':\1:\3:\5"}/p')
[ -n "$rows" ] || exit 0

# The key goes to curl through a file of its own: a command line can be read by
# every user of the machine.
read -r key <"$key_file" || [ -n "$key" ] # the last line may lack its end
printf '%s\n' "$rows" | curl -sS --fail --max-time 60 --config /dev/fd/3 \
	-H 'Content-Type: application/x-ndjson' --data-binary @- "$url/v1/incidents" 3<<CONFIG
header = "Authorization: Bearer $key"
CONFIG
