package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"penaltybox/dnsbl"
)

// zoneCopies are who may copy a zone, and whom to tell when there is something
// new.
type zoneCopies struct {
	clients []netip.Prefix
	keys    []string // names of keys in --tsig-key-file
	notify  []netip.AddrPort
}

// set reads one setting of a zone; it reports false when it is none of these.
func (c *zoneCopies) set(key, value string) (known bool, err error) {
	switch key {
	case "transfer":
		c.clients, err = parsePrefixes(value)
	case "transfer-key":
		c.keys = strings.Split(value, "+")
	case "notify":
		c.notify, err = parseAddrPorts(value)
	default:
		return false, nil
	}
	return true, err
}

// parseAddrPorts reads ADDR or ADDR:PORT, joined by "+"; the usual port is that
// of DNS.
func parseAddrPorts(value string) ([]netip.AddrPort, error) {
	const dnsPort = 53
	var all []netip.AddrPort
	for text := range strings.SplitSeq(value, "+") {
		addrPort, err := netip.ParseAddrPort(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			addrPort, err = netip.AddrPortFrom(addr, dnsPort), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q: want an address such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353", text)
		}
		all = append(all, addrPort)
	}
	return all, nil
}

// checkTransferKeys tells which keys the zones name and the file does not.
func checkTransferKeys(zones []zoneFlag, keys []dnsbl.TSIGKey, file string) error {
	var faults []error
	for _, zone := range zones {
		for _, name := range zone.copies.keys {
			known := slices.ContainsFunc(keys, func(key dnsbl.TSIGKey) bool { return sameName(key.Name, name) })
			switch {
			case known:
			case file == "":
				faults = append(faults, fmt.Errorf("zone %q: transfer-key %s: give --tsig-key-file", zone.name, name))
			default:
				faults = append(faults, fmt.Errorf("zone %q: transfer-key %s: %s does not have it", zone.name, name, file))
			}
		}
	}
	return errors.Join(faults...)
}

// sameName compares domain names.
func sameName(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}

// readTSIGKeys reads a file of TSIG keys; without one there are none.
func readTSIGKeys(file string) ([]dnsbl.TSIGKey, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading TSIG keys: %w", err)
	}
	keys, err := dnsbl.ParseTSIGKeys(string(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return keys, nil
}
