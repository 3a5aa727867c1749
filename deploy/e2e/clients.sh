# shellcheck shell=bash
# What stories about ready-made clients share; not run by itself.

CLIENTS=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../clients")
readonly CLIENTS

# client NAME prints a file of deploy/clients, filled in.
client() { sed -e "s|@URL@|$HTTP|g" -e "s|@ZONE@|$ZONE|g" "$CLIENTS/$1"; }
