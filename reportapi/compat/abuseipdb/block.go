package abuseipdb

import (
	"fmt"
	"maps"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"time"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring"
)

const (
	// widest4 and widest6 are the widest networks that check-block looks into.
	widest4, widest6 = 16, 32
	// maxBlock is how many incidents it looks at.
	maxBlock = 100_000
)

// block is what /check-block tells of a network.
type block struct {
	Network   string   `json:"networkAddress"`
	Netmask   string   `json:"netmask"`
	Least     string   `json:"minAddress"`
	Most      string   `json:"maxAddress"`
	Hosts     *big.Int `json:"numPossibleHosts"`
	Space     string   `json:"addressSpaceDesc"`
	Addresses []member `json:"reportedAddress"`
}

// member is an address of a network, or a /64, that was reported.
type member struct {
	IPAddress   string  `json:"ipAddress"`
	Reports     int     `json:"numReports"`
	Last        *string `json:"mostRecentReport"`
	Confidence  int     `json:"abuseConfidenceScore"`
	CountryCode *string `json:"countryCode"`
}

// checkBlock tells which addresses of a network were reported.
func (a *api) checkBlock(c call) error {
	network, err := readNetwork(c.sent.Get("network"))
	if err != nil {
		return err
	}
	since, err := c.since()
	if err != nil {
		return err
	}
	first, last := ends(network)
	b := block{
		Network: network.Addr().String(), Netmask: netmask(network), Least: first.String(), Most: last.String(),
		Hosts: hosts(network), Space: "Internet",
	}
	if name, special := scoring.Special(network.Addr()); special {
		b.Space = name
	}
	b.Addresses, err = a.members(network, since, c.now)
	if err != nil {
		return err
	}
	return c.data(b)
}

func (a *api) members(network netip.Prefix, since, now time.Time) ([]member, error) {
	entries, more := a.Board.Recent(scoring.Filter{Prefix: network, Since: since}, scoring.Cursor{}, maxBlock)
	if more != (scoring.Cursor{}) {
		return nil, wrong("network", fmt.Sprintf("There are more than %d reports of this network; ask for a narrower one.", maxBlock))
	}
	byPrefix := map[netip.Prefix][]scoring.Incident{}
	for _, entry := range entries {
		if incident, counts := entry.Effective(); counts {
			byPrefix[incident.Prefix] = append(byPrefix[incident.Prefix], incident)
		}
	}
	members := make([]member, 0, len(byPrefix))
	for _, prefix := range slices.SortedFunc(maps.Keys(byPrefix), netip.Prefix.Compare) {
		reports := byPrefix[prefix]
		members = append(members, member{
			IPAddress: written(prefix), Reports: len(reports), Last: stamp(lastOf(reports)), Confidence: a.Confidence(prefix.Addr(), now),
		})
	}
	return members, nil
}

func readNetwork(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return prefix, wrong("network", fmt.Sprintf("The network must be written as CIDR has it, such as 203.0.113.0/24. This is not: %s.", compat.Quote(text)))
	}
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	widest := widest6
	if prefix.Addr().Is4() {
		widest = widest4
	}
	if prefix.Bits() < widest {
		return prefix, wrong("network", fmt.Sprintf("The network is too wide; ask for a /%d or less.", widest))
	}
	return prefix.Masked(), nil
}

// ends returns the first and the last address that a host may have: of IPv4
// networks neither the first nor the last of all.
func ends(network netip.Prefix) (first, last netip.Addr) {
	first = network.Addr()
	bytes := first.AsSlice()
	for bit := network.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ = netip.AddrFromSlice(bytes)
	if first.Is4() && network.Bits() < 31 {
		return first.Next(), last.Prev()
	}
	return first, last
}

func netmask(network netip.Prefix) string {
	return net.IP(net.CIDRMask(network.Bits(), network.Addr().BitLen())).String()
}

func hosts(network netip.Prefix) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), uint(network.Addr().BitLen()-network.Bits()))
	if network.Addr().Is4() && network.Bits() < 31 {
		n.Sub(n, big.NewInt(2))
	}
	return n
}

// written writes a scored prefix: an IPv4 address, or a /64.
func written(prefix netip.Prefix) string {
	if prefix.IsSingleIP() {
		return prefix.Addr().String()
	}
	return prefix.String()
}
