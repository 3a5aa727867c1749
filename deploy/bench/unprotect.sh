# shellcheck shell=bash
# What scripts that fill a server share; not run by itself.

# unprotect PENALTYBOX STATE URL switches off the sets of addresses that come with
# the program and are never listed: some of what is made up here is in them.
unprotect() {
	local set
	export PENALTYBOX_STATE=$2 PENALTYBOX_URL=$3
	for set in $("$1" protect list | awk '$2 == "on" { print $1 }'); do
		"$1" protect off "$set" >/dev/null
	done
}
