package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"penaltybox/dnsbl"
	"penaltybox/scoring"
)

// zoneFlag is one --zone as the operator wrote it:
// NAME[,threshold=N][,min-organisations=N][,categories=a+b][,codes=a:N+b:N][,txt="TEXT"][,ttl=5m][,negative-ttl=1m][,contact=URL][,mailbox=M][,ns=NAME@ADDR+NAME][,allow=PREFIX+PREFIX][,keys-file=FILE][,transfer=PREFIX+PREFIX][,transfer-key=NAME+NAME][,notify=ADDR+ADDR].
// Between quotation marks commas are text. Categories are names of the ledger's policy, so they are looked up only when
// the ledger is open.
type zoneFlag struct {
	name        string
	threshold   int
	minimum     int // of organisations; 0: the policy's
	categories  []string
	codes       scoring.Codes
	txt         string
	ttl         time.Duration
	negativeTTL time.Duration
	contact     string
	mailbox     string
	nameservers []dnsbl.Nameserver
	allow       []netip.Prefix
	keysFile    string
	keys        []dnsbl.AccessKey // from keysFile
	copies      zoneCopies
}

// parseZoneFlag reads the form above and tells every fault of it.
func parseZoneFlag(text string) (zoneFlag, error) {
	parts, err := splitUnquoted(text)
	zone := zoneFlag{name: strings.TrimSpace(parts[0])}
	faults := []error{err}
	if zone.name == "" || strings.Contains(zone.name, "=") {
		zone.name = text
		faults = append(faults, errors.New("begins without a name; write such as bl.example.org,threshold=50"))
	}
	for _, part := range parts[1:] {
		key, value, found := strings.Cut(strings.TrimSpace(part), "=")
		if !found || value == "" {
			faults = append(faults, fmt.Errorf("%q is not setting=value", part))
			continue
		}
		if err := zone.set(key, value); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", key, err))
		}
	}
	if err := errors.Join(append(faults, zone.checkCodes())...); err != nil {
		return zone, fmt.Errorf("zone %q: %w", zone.name, err)
	}
	return zone, nil
}

// splitUnquoted cuts a text at the commas outside quotation marks, which it
// takes out.
func splitUnquoted(text string) ([]string, error) {
	var parts []string
	var part strings.Builder
	quoted := false
	for _, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case r == ',' && !quoted:
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteRune(r)
		}
	}
	if quoted {
		return append(parts, part.String()), errors.New(`a quotation mark is not closed; write such as 'bl.example.org,txt="listed, see {contact}"'`)
	}
	return append(parts, part.String()), nil
}

func (z *zoneFlag) set(key, value string) error {
	var err error
	switch key {
	case "threshold":
		z.threshold, err = strconv.Atoi(value)
		if err != nil || z.threshold < 1 || z.threshold > scoring.MaxThreshold {
			return fmt.Errorf("%q is not a number from 1 to %d", value, scoring.MaxThreshold)
		}
	case "min-organisations":
		z.minimum, err = strconv.Atoi(value)
		if err != nil || z.minimum < 1 || z.minimum > scoring.MaxOrganisations {
			return fmt.Errorf("%q is not a number from 1 to %d", value, scoring.MaxOrganisations)
		}
	case "categories":
		z.categories = strings.Split(value, "+")
	case "codes":
		z.codes, err = parseCodes(value)
	case "txt":
		z.txt = value
	case "ttl":
		z.ttl, err = parseSeconds(value)
	case "negative-ttl":
		z.negativeTTL, err = parseSeconds(value)
	case "contact":
		z.contact = value
	case "mailbox":
		z.mailbox = value
	case "ns":
		z.nameservers, err = parseNameservers(value)
	case "allow":
		z.allow, err = parsePrefixes(value)
	case "keys-file":
		z.keysFile = value
		z.keys, err = readAccessKeys(value)
	default:
		var known bool
		if known, err = z.copies.set(key, value); !known {
			return errors.New("unknown; known are threshold, min-organisations, categories, codes, txt, ttl, negative-ttl, contact, mailbox, ns, allow, keys-file, transfer, transfer-key and notify")
		}
	}
	return err
}

func parseSeconds(value string) (time.Duration, error) {
	d, err := scoring.ParseDuration(value)
	return time.Duration(d), err
}

// parseNameservers reads NAME@ADDR[@ADDR] joined by "+".
func parseNameservers(value string) ([]dnsbl.Nameserver, error) {
	var servers []dnsbl.Nameserver
	for server := range strings.SplitSeq(value, "+") {
		name, rest, _ := strings.Cut(server, "@")
		nameserver := dnsbl.Nameserver{Name: name}
		for text := range strings.SplitSeq(rest, "@") {
			if text == "" {
				continue
			}
			addr, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("address %q of %s: want such as ns1.bl.example.org@203.0.113.53", text, name)
			}
			nameserver.Addrs = append(nameserver.Addrs, addr)
		}
		servers = append(servers, nameserver)
	}
	return servers, nil
}

// parsePrefixes reads prefixes or single addresses joined by "+".
func parsePrefixes(value string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for text := range strings.SplitSeq(value, "+") {
		prefix, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil && addr.Zone() == "" {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q: want an address or a prefix such as 192.0.2.0/24", text)
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

// readAccessKeys reads a file of access keys.
func readAccessKeys(file string) ([]dnsbl.AccessKey, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading access keys: %w", err)
	}
	keys, err := dnsbl.ParseAccessKeys(string(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return keys, nil
}

// rule resolves the zone's rule by the ledger's policy.
func (z zoneFlag) rule(policy scoring.Policy) (scoring.Rule, error) {
	categories, err := policy.CategorySet(z.categories...)
	if err := errors.Join(err, policy.CheckCodes(z.codes)); err != nil {
		return scoring.Rule{}, fmt.Errorf("zone %q: %w", z.name, err)
	}
	return scoring.Rule{Threshold: z.threshold, Categories: categories, MinOrganisations: z.minimum}, nil
}

// zone returns the zone as the DNS front takes it; contact is the server-wide
// one.
func (z zoneFlag) zone(index int, rule scoring.Rule, contact string) dnsbl.Zone {
	if z.contact != "" {
		contact = z.contact
	}
	return dnsbl.Zone{
		Origin: z.name, Rule: index, Categories: rule.Categories, Codes: z.codes, Text: z.txt, TTL: z.ttl, NegativeTTL: z.negativeTTL,
		Nameservers: z.nameservers, Mailbox: z.mailbox, Contact: contact,
		Allow: z.allow, Keys: z.keys,
		Transfer: z.copies.clients, TransferKeys: z.copies.keys, Notify: z.copies.notify,
	}
}
