# shellcheck shell=bash
# The plugins for forums that are no Debian packages, called as those forums
# call them; hosts.php plays the forums. Not run by itself.

# plugin FORUM ADDRESS prints what a forum's plugin makes of a visitor.
plugin() {
	php -d error_log="$LOG/plugins" "$FORUMS/hosts.php" "$WORK/forum" "$1" "$2" 2>>"$LOG/plugins"
}

# each_says OUTCOME ADDRESS…
each_says() {
	local forum address outcome=$1
	shift
	for forum in function mybb smf wordpress comment phpbb; do
		for address in "$@"; do
			expect "$address at $forum" "$(plugin $forum "$address")" "$outcome"
		done
	done
}

# poisoned: others have made the folder in which the function remembers, or could
# write there; it believes nothing of what lies there, and writes nothing.
poisoned() {
	local folder=$WORK/penaltybox-0 trap=$WORK/trap entry lie
	entry=$(printf %s $CLEAN | sha1sum | cut -d ' ' -f 1)
	for lie in 'chown nobody' 'chmod 770' 'chmod 707' 'a file' linked; do
		rm -rf "$folder" "$trap" && mkdir -m 700 "$trap" && printf listed >"$trap/$entry"
		case $lie in
		linked) ln -s "$trap" "$folder" ;;
		'a file') rm -r "$trap" && printf listed >"$folder" ;;
		*) mv "$trap" "$folder" && $lie "$folder" ;;
		esac
		expect "$CLEAN with a folder that is not ours alone ($lie)" "$(plugin function $CLEAN)" clean
		expect "$LISTED with a folder that is not ours alone ($lie)" "$(plugin function $LISTED)" listed
		expect "what lies in a folder that is not ours alone ($lie)" "$(find "$folder/" "$trap" -type f 2>/dev/null | xargs -r -n 1 basename | sort -u)" \
			"$([ "$lie" = 'a file' ] || echo "$entry")"
	done
	# A link within a good folder is replaced, not followed.
	rm -rf "$folder" "$trap" && mkdir -m 700 "$folder" && echo precious >"$trap" && touch -d yesterday "$trap"
	ln -s "$trap" "$folder/$entry"
	expect "$CLEAN with a link in the folder" "$(plugin function $CLEAN)" clean
	expect "what the link leads to" "$(cat "$trap")" precious
	expect "what is remembered of $CLEAN" "$(stat -c %F "$folder/$entry"; cat "$folder/$entry")" "$(printf 'regular file\nclean')"
	# Where PHP does not know who it is, a file that it makes tells.
	expect "$CLEAN without the functions of POSIX" "$(php -d disable_functions=posix_geteuid "$FORUMS/hosts.php" "$WORK/forum" function $CLEAN)" clean
	expect "what is remembered without them" "$(cat "$WORK/penaltybox-forum/$entry")" clean
	rm -rf "$folder" "$trap" "$WORK/penaltybox-forum"
	show "the function remembers in a folder of its own, and nowhere that others can write"
}

hosts() {
	local name began
	mkdir "$WORK/forum" "$WORK/forum/penaltybox" "$WORK/forum/event"
	for name in mybb smf wordpress phpbb-listener mediawiki; do
		client forum/$name.php >"$WORK/forum/$name.php"
	done
	mv "$WORK/forum/phpbb-listener.php" "$WORK/forum/event"
	cp "$WORK/penaltybox.php" "$WORK/forum"
	cp "$WORK/penaltybox.php" "$WORK/forum/penaltybox"
	for name in "$WORK"/forum/*.php "$WORK"/forum/event/*.php; do
		php -l "$name" >>"$LOG/plugins" || fail "$name is no PHP"
		[ "$(wc -l <"$name")" -le 100 ] || fail "$name has more than 100 lines"
	done
	client forum/phpbb-composer.json | php -r 'exit(json_decode(stream_get_contents(STDIN))->type === "phpbb-extension" ? 0 : 1);' || fail "phpbb-composer.json is no JSON"

	each_says clean $CLEAN $CLEAN6 nonsense
	each_says listed $LISTED $LISTED6
	show "the PHP function, MyBB, SMF, WordPress and phpBB: listed visitors are refused"

	# What was asked a moment ago is known, though nobody can be asked now.
	kill -STOP "$BOX_PID"
	expect "$LISTED from memory" "$(plugin function $LISTED)" listed
	rm -rf "$WORK"/penaltybox-[0-9]*
	began=$(milliseconds)
	each_says clean $LISTED $LISTED6
	[ $(($(milliseconds) - began)) -lt 30000 ] || fail "twelve look-ups wait for each other"
	kill -CONT "$BOX_PID"
	expect "what the plugins say of a server that does not answer" "$(grep -c 'does not answer' "$LOG/plugins")" 1
	rm -rf "$WORK"/penaltybox-[0-9]*
	each_says listed $LISTED
	show "a server that does not answer is asked once, and everybody is let in"

	poisoned

	mv "$WORK/forum.key" "$WORK/forum.key.away" && rm -rf "$WORK"/penaltybox-[0-9]*
	each_says clean $LISTED
	mv "$WORK/forum.key.away" "$WORK/forum.key" && rm -rf "$WORK"/penaltybox-[0-9]*
	show "without a key everybody is let in"
}
