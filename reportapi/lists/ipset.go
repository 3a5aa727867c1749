package lists

import "strconv"

const (
	// ipsetLongest is the longest timeout that ipset takes, in seconds: its
	// kernel side counts milliseconds in 31 bits.
	ipsetLongest = 2147483
	// ipsetMost is how many a set may hold. No memory is taken for it before
	// they come; and it is always the same, because a set that exists must have
	// been made alike.
	ipsetMost = "16777216"
)

// ipset is a script for ipset restore: it fills sets aside and swaps them with
// those in use, so that there is no moment without.
func ipset() Format {
	return Format{
		Name: "ipset", suffix: "ipset", ContentType: plainText, Help: "a script for ipset restore: sets with timeouts, swapped in",
		Tells: Ends, Relative: true,
		head: appendIpsetHead, entry: appendIpsetEntry, foot: appendIpsetFoot,
		changes: &changesFormat{change: appendIpsetChange},
	}
}

// ipsets are the names of sets by the families that a list is of.
func ipsets(h Head) []struct{ name, family string } {
	var sets []struct{ name, family string }
	if h.has(4) {
		sets = append(sets, struct{ name, family string }{"penaltybox4", "inet"})
	}
	if h.has(6) {
		sets = append(sets, struct{ name, family string }{"penaltybox6", "inet6"})
	}
	return sets
}

func appendIpsetHead(dst []byte, h Head) []byte {
	for _, set := range ipsets(h) {
		for _, name := range []string{set.name, set.name + "-new"} {
			dst = append(dst, "create "+name+" hash:net family "+set.family+" timeout 0 maxelem "+ipsetMost+" -exist\n"...)
		}
		dst = append(dst, "flush "+set.name+"-new\n"...)
	}
	return dst
}

func appendIpsetFoot(dst []byte, h Head) []byte {
	for _, set := range ipsets(h) {
		dst = append(dst, "swap "+set.name+" "+set.name+"-new\ndestroy "+set.name+"-new\n"...)
	}
	return dst
}

func appendIpsetEntry(dst []byte, e Entry, h Head) []byte {
	return appendIpsetAdd(dst, e, h, "-new ")
}

func appendIpsetAdd(dst []byte, e Entry, h Head, after string) []byte {
	dst = append(appendIpsetName(append(dst, "add "...), e), after...)
	dst = append(appendPlain(dst, e.Prefix), " timeout "...)
	return append(strconv.AppendInt(dst, min(remaining(e, h), ipsetLongest), 10), " -exist\n"...)
}

func appendIpsetName(dst []byte, e Entry) []byte {
	if e.Prefix.Addr().Is6() {
		return append(dst, "penaltybox6"...)
	}
	return append(dst, "penaltybox4"...)
}

func appendIpsetChange(dst []byte, c Change, h Head) []byte {
	if !c.Gone {
		return appendIpsetAdd(dst, c.Entry, h, " ")
	}
	dst = append(appendIpsetName(append(dst, "del "...), c.Entry), ' ')
	return append(appendPlain(dst, c.Prefix), " -exist\n"...)
}
