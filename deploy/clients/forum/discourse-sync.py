#!/usr/bin/env python3
"""Keeps what a Penaltybox lists among the addresses that a Discourse screens, so
that nobody signs up from them. Run it every quarter of an hour, by cron or a timer.

    discourse-sync.py [--dry-run] [SETTINGS]

SETTINGS, /etc/penaltybox-discourse.json otherwise, is for its user alone (mode 600):

    {"list_key": "pbx_...", "forum": "https://forum.example", "forum_key": "...", "forum_user": "system"}

The first key is one of role reader (penaltybox reporter add forum1 --role reader);
the other is an API key of Discourse. "list" (default @URL@/v1/blocklist), "query"
("limit=1000", those of the highest score) and "state" (/var/lib/penaltybox-discourse.json)
may be set. Only entries that this program made, which stand in the state, are ever
removed. When the list cannot be fetched, everything stays as it is.
"""
import ipaddress
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

SCREENED = "/admin/logs/screened_ip_addresses"

def request(url, headers, method="GET", form=None):
    body = urllib.parse.urlencode(form).encode() if form else None
    call = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(call, timeout=30) as answer:
        return answer.read().decode()


def forum(settings, method, path, form=None):
    """Asks Discourse, and waits as it says when that is too often: once a second, as it comes."""
    headers = {"Api-Key": settings["forum_key"], "Api-Username": settings.get("forum_user", "system"), "Accept": "application/json"}
    for attempt in range(5):
        try:
            return json.loads(request(settings["forum"].rstrip("/") + path, headers, method, form))
        except urllib.error.HTTPError as fault:
            wait = fault.headers.get("Retry-After", "")
            if fault.code != 429 or attempt == 4 or not wait.isdigit() or int(wait) > 60:
                raise
            time.sleep(int(wait))


def listed(settings):
    """Returns what is listed. A line that is no address spoils the whole list."""
    url = settings.get("list", "@URL@/v1/blocklist") + "?" + settings.get("query", "limit=1000")
    lines = request(url, {"Authorization": "Bearer " + settings["list_key"]}).split()
    return {str(ipaddress.ip_network(line)).removesuffix("/32") for line in lines}


def save(path, made):
    with open(path + ".new", "w", encoding="ascii") as file:
        json.dump(made, file)
    os.replace(path + ".new", path)


def main(arguments):
    dry = "--dry-run" in arguments
    paths = [a for a in arguments if a != "--dry-run"] or ["/etc/penaltybox-discourse.json"]
    with open(paths[0], encoding="utf-8") as file:
        settings = json.load(file)
    state = settings.get("state", "/var/lib/penaltybox-discourse.json")
    made = {}  # address: Discourse's id of the entry, null for one that somebody else made
    if os.path.exists(state):
        with open(state, encoding="ascii") as file:
            made = json.load(file)
    wanted = listed(settings)
    for address in sorted(set(made) - wanted):
        print("removing", address)
        if not dry:
            try:
                if made[address] is not None:
                    forum(settings, "DELETE", f"{SCREENED}/{made[address]}.json")
            except urllib.error.HTTPError as fault:
                if fault.code != 404:  # somebody removed it by hand
                    raise
            del made[address]
            save(state, made)
    for address in sorted(wanted - set(made)):
        print("adding", address)
        if not dry:
            try:
                entry = forum(settings, "POST", SCREENED + ".json", {"ip_address": address, "action_name": "block"})
                made[address] = entry.get("screened_ip_address", entry)["id"]
            except urllib.error.HTTPError as fault:
                if fault.code != 422:  # it is screened already, perhaps as part of a network
                    raise
                made[address] = None
            save(state, made)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (OSError, ValueError, KeyError) as problem:  # a fault of HTTP is an OSError
        sys.exit(f"discourse-sync: {problem}; the rest is left for the next run")
