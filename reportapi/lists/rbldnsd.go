package lists

import (
	"bufio"
	"iter"
	"slices"
	"strings"
)

// rbldnsdFile is one file for rbldnsd's dataset type "combined": it answers
// what the zone answers. An ip4set gives several codes for one address; an
// ip6trie one for a network, so IPv6 has a dataset for each code. The text
// stands with the first code alone.
func rbldnsdFile() Format {
	return Format{
		Name: "rbldnsd", ContentType: asciiText, Help: "a dataset of type combined",
		Published: true, write: writeRBLDNSD,
		prepare: func(entries iter.Seq[Entry], _ Head) iter.Seq[Entry] { return Disjoint(entries) },
	}
}

// codeListed is the code that every listing has, and that its text goes with.
const codeListed = 2

func writeRBLDNSD(w *bufio.Writer, z Zone, entries iter.Seq[Entry]) {
	w.Write(appendRBLDNSDHead(nil, z)) // errors stay with the writer
	var line []byte
	for _, test := range z.Tests {
		line = appendRBLDNSDEntry(line[:0], test)
		w.Write(line)
	}
	var networks []Entry // those of IPv6, once for each code
	var codes [256]bool
	for e := range entries {
		if e.Prefix.Addr().Is6() {
			networks = append(networks, e)
			for _, code := range e.Codes {
				codes[code] = true
			}
			continue
		}
		line = appendRBLDNSDEntry(line[:0], e)
		if _, err := w.Write(line); err != nil {
			return
		}
	}
	for code, used := range codes {
		if used {
			writeRBLDNSDCode(w, byte(code), networks)
		}
	}
}

// appendRBLDNSDHead writes what concerns the zone, and begins the dataset of
// IPv4. A serial of 0 stands for the time of the file. In a generic dataset
// there is no AAAA.
func appendRBLDNSDHead(dst []byte, z Zone) []byte {
	at0 := z
	at0.Serial = 0
	names := []string{}
	for _, server := range z.Servers {
		if server.Zone == z.Name {
			names = append(names, strings.TrimSuffix(server.Name, "."))
		}
	}
	dst = appendUint(append(dst, "$SOA "...), z.NegativeTTL)
	dst = append(dst, " "+strings.Join(names[:min(len(names), 1)], "")+" "+strings.TrimSuffix(z.Mailbox, ".")+" "...)
	dst = append(appendTimes(dst, at0), '\n')
	dst = appendUint(append(dst, "$NS "...), z.NegativeTTL)
	dst = append(dst, " "+strings.Join(names, " ")+"\n$TTL "...)
	dst = append(appendUint(dst, z.TTL), "\n$DATASET generic @\n"...)
	for _, server := range z.Servers {
		inside, within := strings.CutSuffix(server.Name, "."+z.Name)
		for _, addr := range server.Addrs {
			if within && server.Zone == z.Name && addr.Is4() {
				dst = appendUint(append(append(dst, inside...), ' '), z.NegativeTTL)
				dst = append(addr.AppendTo(append(dst, " A "...)), '\n')
			}
		}
	}
	return append(dst, "$DATASET ip4set @\n"...)
}

// appendRBLDNSDEntry writes an address, a line for each code.
func appendRBLDNSDEntry(dst []byte, e Entry) []byte {
	for _, code := range e.Codes {
		dst = appendRBLDNSDLine(dst, e, code)
	}
	return dst
}

// writeRBLDNSDCode writes the dataset of those IPv6 networks that have a code.
func writeRBLDNSDCode(w *bufio.Writer, code byte, networks []Entry) {
	w.WriteString("$DATASET ip6trie @\n")
	var line []byte
	for _, e := range networks {
		if !slices.Contains(e.Codes, code) {
			continue
		}
		line = appendRBLDNSDLine(line[:0], e, code)
		if _, err := w.Write(line); err != nil {
			return
		}
	}
}

// appendRBLDNSDLine writes a network with one code, and with its text if it is
// the first. "$" stands for the address and "=" at the beginning for no
// template, unless doubled.
func appendRBLDNSDLine(dst []byte, e Entry, code byte) []byte {
	dst = appendPlain(dst, e.Prefix)
	dst = append(appendUint(append(dst, " :127.0.0."...), uint32(code)), ':')
	if code == codeListed {
		if strings.HasPrefix(e.Text, "=") {
			dst = append(dst, '=')
		}
		dst = append(dst, strings.ReplaceAll(e.Text, "$", "$$")...)
	}
	return append(dst, '\n')
}
