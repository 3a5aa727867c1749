# shellcheck shell=bash
# What stories about ready-made clients share; not run by itself.

# client NAME prints a file of deploy/clients, as the server fills it in.
client() { curl -sSf "$HTTP/clients/$1"; }
