package lists

import (
	"iter"
	"net/netip"
	"strconv"
)

// nftables is a script for nft -f, which is one transaction: two sets of one
// table, filled anew. The kernel drops each element when its listing ends.
//
// IPv4 addresses stand in a hash set, which takes a million of them in a tenth
// of the time that an interval set takes; networks that a list was gathered into
// want the latter. A listed range alone does not: it stands there as addresses.
func nftables() Format {
	return Format{
		Name: "nftables", suffix: "nft", ContentType: plainText, Help: "a script for nft -f: sets with timeouts",
		Tells: Ends, Relative: true, Disjoint: true,
		prepare: prepareNft,
		head:    appendNftHead, begin: beginNftElements, separator: ",\n", entry: appendNftElement, end: endNftElements,
		changes: &changesFormat{change: appendNftChange},
	}
}

// prepareNft makes entries of which no two have something in common, which a set
// of intervals would not take, and addresses where the set is not one.
func prepareNft(entries iter.Seq[Entry], h Head) iter.Seq[Entry] {
	return Cut(Disjoint(entries), func(p netip.Prefix) int {
		if p.Addr().Is4() && !h.Wide {
			return p.Addr().BitLen()
		}
		return p.Bits()
	})
}

func appendNftHead(dst []byte, h Head) []byte {
	dst = append(dst, "table inet penaltybox {\n"...)
	flags := "timeout"
	if h.Wide {
		flags = "interval, timeout"
	}
	if h.has(4) {
		dst = append(append(append(dst, "\tset listed4 { type ipv4_addr; flags "...), flags...), "; }\n"...)
	}
	if h.has(6) {
		dst = append(dst, "\tset listed6 { type ipv6_addr; flags interval, timeout; }\n"...)
	}
	dst = append(dst, "}\n"...)
	if h.has(4) {
		dst = append(dst, "flush set inet penaltybox listed4\n"...)
	}
	if h.has(6) {
		dst = append(dst, "flush set inet penaltybox listed6\n"...)
	}
	return dst
}

func beginNftElements(dst []byte, v6 bool, _ Head) []byte {
	return append(appendNftSet(append(dst, "add element inet penaltybox "...), v6), " {\n"...)
}

func endNftElements(dst []byte, _ bool, _ Head) []byte { return append(dst, "\n}\n"...) }

func appendNftSet(dst []byte, v6 bool) []byte {
	if v6 {
		return append(dst, "listed6"...)
	}
	return append(dst, "listed4"...)
}

func appendNftElement(dst []byte, e Entry, h Head) []byte {
	dst = append(appendPlain(dst, e.Prefix), " timeout "...)
	return append(strconv.AppendInt(dst, remaining(e, h), 10), 's')
}

// appendNftChange takes an element out, whether or not it is still there (which
// is why it is added before), and puts it in with the time that it has now.
func appendNftChange(dst []byte, c Change, h Head) []byte {
	dst = appendNftCommand(dst, "add", c.Prefix)
	dst = append(dst, " timeout 1s }\n"...)
	dst = append(appendNftCommand(dst, "delete", c.Prefix), " }\n"...)
	if c.Gone {
		return dst
	}
	dst = append(appendNftCommand(dst, "add", c.Prefix), " timeout "...)
	return append(strconv.AppendInt(dst, remaining(c.Entry, h), 10), "s }\n"...)
}

func appendNftCommand(dst []byte, verb string, p netip.Prefix) []byte {
	dst = append(append(dst, verb...), " element inet penaltybox "...)
	return appendPlain(append(appendNftSet(dst, p.Addr().Is6()), " { "...), p)
}
