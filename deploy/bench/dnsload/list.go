//go:build linux

package main

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"penaltybox/scoring/protect"
)

// list is the addresses permuted(0), permuted(1), … up to its size, without
// those that no list has.
type list struct{ size uint32 }

// newList returns the list of so many addresses.
func newList(listed int) list {
	var l list
	for ; listed > 0; l.size++ {
		if ordinary(permuted(l.size)) {
			listed--
		}
	}
	return l
}

// permuted is a fixed permutation of all 32-bit numbers: each step can be
// undone.
func permuted(n uint32) uint32 {
	n = (n ^ n>>16) * 0x7feb352d
	n = (n ^ n>>15) * 0x846ca68b
	return n ^ n>>16
}

// ordinary tells whether an address may be listed at all, by its first octet;
// it leaves out whole /8s for the sake of what is special in them.
func ordinary(addr uint32) bool {
	switch first := addr >> 24; first {
	case 0, 10, 100, 127, 169, 172, 192:
		return false
	default:
		return first < 224
	}
}

// write writes the list, less the first addresses: for rbldnsd, as reports, or
// as a backup that Penaltybox restores once it is compressed.
func (l list) write(w io.Writer, skip uint32, format string) error {
	switch format {
	case "rbldnsd":
		return l.writeLines(w, skip, "%s\n")
	case "ndjson":
		return l.writeLines(w, skip, `{"ip":"%s","kind":"hacked.host"}`+"\n")
	case "backup":
		return l.writeBackup(w, time.Now())
	}
	return fmt.Errorf("format %q: want rbldnsd, ndjson or backup", format)
}

// writeBackup writes one incident for each address, of a host that was hacked;
// in the order in which a ledger in Redis keeps them, whose restore is much
// quicker so.
func (l list) writeBackup(w io.Writer, now time.Time) error {
	sum := sha256.New()
	both := io.MultiWriter(w, sum)
	made, expires := now.UTC().Format(time.RFC3339), now.UTC().AddDate(0, 0, 30).Format(time.RFC3339)
	if _, err := fmt.Fprintf(both, `{"penaltybox_backup":1,"ledger":"DNSLOAD","made":"%s"}`+"\n", made); err != nil {
		return err
	}
	unprotected, err := writeUnprotected(both)
	if err != nil {
		return err
	}
	var addrs []uint32
	for n := range l.size {
		if addr := permuted(n); ordinary(addr) {
			addrs = append(addrs, addr)
		}
	}
	slices.SortFunc(addrs, func(a, b uint32) int { return cmp.Compare(place(a), place(b)) })
	for i, addr := range addrs {
		_, err := fmt.Fprintf(both, `{"incident":{"prefix":"%s/32","id":"%016x","kind":16,"points":50,"reporter":1,"reported":"%s","expires":"%s"}}`+"\n",
			written(addr), i+1, made, expires)
		if err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, `{"end":{"records":%d,"incidents":%d,"amended":0,"sha256":"%x"}}`+"\n", unprotected, len(addrs), sum.Sum(nil))
	return err
}

// writeUnprotected writes, and counts, records that switch off the sets of
// addresses that come with the program and are never listed: some of ours are in
// them.
func writeUnprotected(w io.Writer) (count int, err error) {
	sets, err := protect.BuiltIns()
	if err != nil {
		return 0, err
	}
	for _, set := range sets {
		if _, err := fmt.Fprintf(w, `{"record":{"key":"protect/%[1]s","version":1,"value":{"name":"%[1]s","action":"never-list","off":true,"count":0}}}`+"\n", set.Name); err != nil {
			return 0, err
		}
	}
	return len(sets), nil
}

// place orders addresses as the shards and buckets of a ledger do.
func place(addr uint32) uint64 { return uint64(addr) * 0x9e3779b97f4a7c15 }

func written(addr uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)})
}

func (l list) writeLines(w io.Writer, skip uint32, line string) error {
	for n := skip; n < l.size; n++ {
		addr := permuted(n)
		if !ordinary(addr) {
			continue
		}
		if _, err := fmt.Fprintf(w, line, written(addr)); err != nil {
			return err
		}
	}
	return nil
}

// draw returns an ordinary address, which is listed or not by what is wanted,
// and moves a generator on.
func (l list) draw(state *uint64, listed bool) uint32 {
	for {
		random := next(state)
		n := uint32(random)
		if listed {
			n = uint32(random >> 32 * uint64(l.size) >> 32)
		} else if n < l.size {
			continue
		}
		if addr := permuted(n); ordinary(addr) {
			return addr
		}
	}
}

// next is the generator splitmix64.
func next(state *uint64) uint64 {
	*state += 0x9e3779b97f4a7c15
	z := *state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
