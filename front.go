package main

import (
	"iter"
	"net/netip"
	"sync/atomic"
	"time"

	"penaltybox/dnsbl"
	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// front stands between the DNS server and the node, because DNS answers
// ("not ready") before there is a node to ask.
type front struct {
	node     atomic.Pointer[node]
	intake   atomic.Pointer[intake.Intake] // nil: there is no node, or it answers DNS alone
	maxStale time.Duration
	backup   *lastBackup
}

var (
	_ dnsbl.Board    = (*front)(nil)
	_ dnsbl.Index    = (*front)(nil)
	_ dnsbl.Listings = (*front)(nil)
)

// Verdict implements dnsbl.Board.
func (f *front) Verdict(addr netip.Addr, rule int, now time.Time) scoring.Verdict {
	if n := f.node.Load(); n != nil {
		return n.board.Verdict(addr, rule, now)
	}
	return scoring.Verdict{Prefix: scoring.PrefixOf(addr)}
}

// Find4 implements dnsbl.Index.
func (f *front) Find4(addr, now uint32) (scoring.Found, bool) {
	if n := f.node.Load(); n != nil {
		return n.board.Index().Find4(addr, now)
	}
	return scoring.Found{}, false
}

// Find6 implements dnsbl.Index.
func (f *front) Find6(upper uint64, now uint32) (scoring.Found, bool) {
	if n := f.node.Load(); n != nil {
		return n.board.Index().Find6(upper, now)
	}
	return scoring.Found{}, false
}

// Blocks implements dnsbl.Listings.
func (f *front) Blocks(rule int, categories scoring.CategorySet, now time.Time) iter.Seq2[netip.Prefix, scoring.Verdict] {
	if n := f.node.Load(); n != nil {
		return n.board.Index().Blocks(rule, categories, now)
	}
	return func(func(netip.Prefix, scoring.Verdict) bool) {}
}

// Version implements dnsbl.Listings.
func (f *front) Version() uint64 {
	if n := f.node.Load(); n != nil {
		return n.board.Index().Version()
	}
	return 0
}

// now is the ledger's time, or this host's while there is no ledger yet.
func (f *front) now() time.Time {
	if n := f.node.Load(); n != nil {
		return n.now()
	}
	return time.Now()
}

// state tells how far listings can be trusted.
func (f *front) state(now time.Time) dnsbl.State {
	if n := f.node.Load(); n != nil {
		return n.state(now, f.maxStale)
	}
	return dnsbl.NotReady
}

// ready tells whether everything was loaded once, and why the ledger cannot be
// followed now, if so.
func (f *front) ready() (bool, error) {
	if n := f.node.Load(); n != nil {
		return n.ready()
	}
	return false, nil
}

// ledgerID names the ledger; empty while there is none yet.
func (f *front) ledgerID() string {
	if n := f.node.Load(); n != nil {
		return n.id
	}
	return ""
}

// categories returns the policy's categories.
func (f *front) categories() []scoring.Category {
	if n := f.node.Load(); n != nil {
		return n.book.Policy().Categories
	}
	return scoring.DefaultPolicy().Categories
}
