package lists

import "strconv"

// mikrotik is a script for /import of RouterOS: it empties the address lists
// "penaltybox" and fills them anew.
func mikrotik() Format {
	return Format{
		Name: "mikrotik", suffix: "rsc", ContentType: plainText, Help: "a script for /import: address lists with timeouts",
		Tells: Ends, Relative: true,
		head: appendMikrotikHead, entry: appendMikrotikEntry,
	}
}

func appendMikrotikHead(dst []byte, h Head) []byte {
	if h.has(4) {
		dst = append(dst, "/ip/firewall/address-list/remove [find list=penaltybox]\n"...)
	}
	if h.has(6) {
		dst = append(dst, "/ipv6/firewall/address-list/remove [find list=penaltybox]\n"...)
	}
	return dst
}

func appendMikrotikEntry(dst []byte, e Entry, h Head) []byte {
	menu := "/ip"
	if e.Prefix.Addr().Is6() {
		menu = "/ipv6"
	}
	dst = append(append(dst, menu...), "/firewall/address-list/add list=penaltybox address="...)
	return append(appendUptime(append(appendPlain(dst, e.Prefix), " timeout="...), remaining(e, h)), '\n')
}

// appendUptime writes seconds as RouterOS does: 29d23h59m59s.
func appendUptime(dst []byte, seconds int64) []byte {
	for _, unit := range []struct {
		name    byte
		seconds int64
	}{{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}} {
		if n := seconds / unit.seconds; n > 0 {
			dst = append(strconv.AppendInt(dst, n, 10), unit.name)
			seconds -= n * unit.seconds
		}
	}
	return dst
}
