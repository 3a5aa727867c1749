package dnsbl

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

const (
	// DefaultTTL bounds how long a listing may be cached: a delisting by hand
	// is heard everywhere within five minutes.
	DefaultTTL = 5 * time.Minute
	// DefaultNegativeTTL is how long a denial may be cached, and so how long
	// a new listing can go unheard.
	DefaultNegativeTTL = time.Minute

	maxTTL         = 24 * time.Hour
	minNegativeTTL = 30 * time.Second
	maxNegativeTTL = 5 * time.Minute
	maxContact     = 150 // octets; leaves room for address, date and categories in one TXT string
)

// Zone is one blocklist: a name in DNS and the rule that lists.
type Zone struct {
	// Origin is the zone's name, such as bl.example.
	Origin string
	// Rule is the rule's index on the [Board].
	Rule int
	// Categories are those that the rule counts. Each has a test entry.
	Categories scoring.CategorySet
	// TTL bounds the TTL of listings, in whole seconds up to a day; 0:
	// [DefaultTTL].
	TTL time.Duration
	// NegativeTTL is the TTL of denials, 30 s to 5 min in whole seconds; 0:
	// [DefaultNegativeTTL]. It is one constant for the whole zone: resolvers
	// apply the SOA they cached first.
	NegativeTTL time.Duration
	// Nameservers are those of the delegation; none: ns.ORIGIN, without
	// addresses, which does until the zone is delegated.
	Nameservers []Nameserver
	// Mailbox is the e-mail address in the SOA; empty: hostmaster@ORIGIN.
	Mailbox string
	// Contact is where people look a listing up: a URL that every TXT record
	// ends with. At most 150 printable ASCII characters; may be empty.
	Contact string
	// Codes are the return codes of categories, where they are not the
	// policy's. Test entries follow them.
	Codes scoring.Codes
	// Text is what the TXT record of a listing says; empty: address, end,
	// categories and contact in a sentence. {address}, {until} (RFC 3339, UTC),
	// {categories} (as many as fit) and {contact} are filled in. Printable
	// ASCII without quotes and backslashes, at most 255 octets once filled in.
	Text string
	// Allow are the clients that may ask; none: all. Others are refused with
	// the extended error "Prohibited" (RFC 8914 §4.19).
	Allow []netip.Prefix
	// Transfer are the clients that may copy the whole zone (RFC 5936), and
	// TransferKeys the names of the keys that they may sign with (RFC 8945);
	// where both are given, both are wanted. Neither: nobody may. A zone with
	// Keys cannot be copied: no other server could tell them apart.
	Transfer     []netip.Prefix
	TransferKeys []string
	// Notify are servers that are told when there is something new to copy
	// (RFC 1996).
	Notify []netip.AddrPort
	// Keys are what clients must put into the names they ask; none: no key
	// is needed. Names without are refused as above.
	Keys []AccessKey
}

// Nameserver is one of a zone's name servers. Addrs are needed when its name
// lies within the zone, and are not served otherwise.
type Nameserver struct {
	Name  string
	Addrs []netip.Addr
}

var (
	hostLabel = regexp.MustCompile(`^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$`)
	localPart = regexp.MustCompile(`^[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*$`)
)

// withDefaults returns the zone with names lower-cased and fully qualified,
// and with defaults filled in.
func (z Zone) withDefaults() Zone {
	z.Origin = canonical(z.Origin)
	if z.TTL == 0 {
		z.TTL = DefaultTTL
	}
	if z.NegativeTTL == 0 {
		z.NegativeTTL = DefaultNegativeTTL
	}
	if z.Mailbox == "" {
		z.Mailbox = "hostmaster@" + strings.TrimSuffix(z.Origin, ".")
	}
	servers := z.Nameservers
	z.Nameservers = nil
	for _, server := range servers {
		server.Name = canonical(server.Name)
		z.Nameservers = append(z.Nameservers, server)
	}
	return z
}

func canonical(name string) string { return strings.ToLower(dns.Fqdn(name)) }

// Validate tells everything that is wrong with a zone, joined.
func (z Zone) Validate() error {
	origin := z.Origin
	z = z.withDefaults()
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("zone %q: "+format, append([]any{origin}, args...)...))
	}
	room := queryOctets
	if len(z.Keys) > 0 {
		room += 1 + maxLabelOctets
	}
	if err := checkHostName(z.Origin, maxNameOctets-room); err != nil {
		fault("%w", err)
	}
	if err := z.checkAllow(); err != nil {
		fault("%w", err)
	}
	if err := z.checkKeys(); err != nil {
		fault("%w", err)
	}
	if err := z.checkTransfer(); err != nil {
		fault("%w", err)
	}
	if z.Rule < 0 {
		fault("rule %d: negative", z.Rule)
	}
	if z.Categories == 0 {
		fault("categories: none; a zone without categories never lists")
	}
	if z.TTL < time.Second || z.TTL > maxTTL || z.TTL%time.Second != 0 {
		fault("ttl %s: want whole seconds from 1s to %s", z.TTL, maxTTL)
	}
	if z.NegativeTTL < minNegativeTTL || z.NegativeTTL > maxNegativeTTL || z.NegativeTTL%time.Second != 0 {
		fault("negative ttl %s: want whole seconds from %s to %s", z.NegativeTTL, minNegativeTTL, maxNegativeTTL)
	}
	if _, err := mailboxName(z.Mailbox); err != nil {
		fault("%w", err)
	}
	if err := checkContact(z.Contact); err != nil {
		fault("%w", err)
	}
	if err := z.Codes.Validate(); err != nil {
		fault("%w", err)
	}
	if err := z.checkText(); err != nil {
		fault("text %q: %w", z.Text, err)
	}
	for _, server := range z.Nameservers {
		if err := z.checkNameserver(server); err != nil {
			fault("name server %q: %w", server.Name, err)
		}
	}
	return errors.Join(faults...)
}

// checkHostName tells what is wrong with a fully qualified lower-case name.
func checkHostName(name string, maxOctets int) error {
	if len(name)+1 > maxOctets {
		return fmt.Errorf("name is %d octets long; at most %d leave room for addresses", len(name)+1, maxOctets)
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if !hostLabel.MatchString(label) {
			return fmt.Errorf("label %q: want 1 to 63 letters, digits, hyphens or underscores, such as bl.example.org", label)
		}
	}
	return nil
}

func (z Zone) checkNameserver(server Nameserver) error {
	if err := checkHostName(server.Name, maxNameOctets); err != nil {
		return err
	}
	front, within := strings.CutSuffix(server.Name, "."+z.Origin)
	switch {
	case server.Name == z.Origin:
		return errors.New("is the zone itself; want a name of its own")
	case !within:
		return nil
	case len(server.Addrs) == 0:
		return errors.New("lies within the zone and has no address; give its addresses")
	case parseSubject(frontOf(front)).place != placeNowhere:
		return errors.New("reads as an address in the zone; want such as ns1." + z.Origin)
	}
	for _, addr := range server.Addrs {
		if !addr.IsValid() || addr.Zone() != "" || addr.IsUnspecified() {
			return fmt.Errorf("address %q: want one that resolvers can reach", addr)
		}
	}
	return nil
}

// frontOf turns the written labels in front of an origin into wire labels.
func frontOf(written string) []byte {
	var name wireName
	if !name.set(canonical(written)) {
		return nil
	}
	return name.octets[:name.length]
}

// mailboxName writes an e-mail address as a domain name (RFC 1035 §8).
func mailboxName(address string) (string, error) {
	local, domain, found := strings.Cut(address, "@")
	if !found || !localPart.MatchString(local) || len(local) > 63 {
		return "", fmt.Errorf("mailbox %q: want an e-mail address such as abuse@example.org", address)
	}
	name := canonical(domain)
	if err := checkHostName(name, maxNameOctets-len(local)-1); err != nil {
		return "", fmt.Errorf("mailbox %q: %w", address, err)
	}
	return strings.ReplaceAll(local, ".", `\.`) + "." + name, nil
}

// checkContact allows what a TXT record and a mail server's reply can carry as
// it stands.
func checkContact(contact string) error {
	if len(contact) > maxContact {
		return fmt.Errorf("contact is %d characters long; at most %d", len(contact), maxContact)
	}
	if err := checkPrintable(contact); err != nil {
		return fmt.Errorf("contact %q: %w", contact, err)
	}
	return nil
}

func checkPrintable(text string) error {
	for _, r := range text {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return fmt.Errorf("character %q; want printable ASCII without quotes and backslashes", r)
		}
	}
	return nil
}
