package lists

import "strconv"

// mikrotik is a script for /import of RouterOS: it fills address lists aside, and
// has them take the place of the lists "penaltybox" when they are whole. An import
// that breaks off before leaves those as they were; an address that the router does
// not take is left out.
func mikrotik() Format {
	return Format{
		Name: "mikrotik", suffix: "rsc", ContentType: plainText, Help: "a script for /import: address lists with timeouts, swapped in",
		Tells: Ends, Relative: true,
		head: appendMikrotikHead, entry: appendMikrotikEntry, foot: appendMikrotikFoot,
	}
}

const (
	mikrotikMenu4, mikrotikMenu6 = "/ip/firewall/address-list/", "/ipv6/firewall/address-list/"
	mikrotikAside                = `"penaltybox-new"`
)

// mikrotikMenus are the menus of the families that a list is of.
func mikrotikMenus(h Head) []string {
	var menus []string
	if h.has(4) {
		menus = append(menus, mikrotikMenu4)
	}
	if h.has(6) {
		menus = append(menus, mikrotikMenu6)
	}
	return menus
}

func appendMikrotikHead(dst []byte, h Head) []byte {
	for _, menu := range mikrotikMenus(h) {
		dst = append(dst, menu+"remove [find list="+mikrotikAside+"]\n"...)
	}
	return dst
}

// appendMikrotikFoot swaps. A router that does not rename entries with a timeout
// adds them to the other list.
func appendMikrotikFoot(dst []byte, h Head) []byte {
	for _, menu := range mikrotikMenus(h) {
		dst = append(dst, menu+"remove [find list=penaltybox]\n"+
			":do {"+menu+"set [find list="+mikrotikAside+"] list=penaltybox} on-error={"+
			":foreach e in=["+menu+"find list="+mikrotikAside+"] do={:do {"+menu+"add list=penaltybox"+
			" address=["+menu+"get $e address] timeout=["+menu+"get $e timeout]} on-error={}}}\n"+
			menu+"remove [find list="+mikrotikAside+"]\n"...)
	}
	return dst
}

func appendMikrotikEntry(dst []byte, e Entry, h Head) []byte {
	menu := mikrotikMenu4
	if e.Prefix.Addr().Is6() {
		menu = mikrotikMenu6
	}
	dst = append(append(append(dst, ":do {"...), menu...), "add list="+mikrotikAside+" address="...)
	return append(appendUptime(append(appendPlain(dst, e.Prefix), " timeout="...), remaining(e, h)), "} on-error={}\n"...)
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
