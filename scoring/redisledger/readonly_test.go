package redisledger_test

import (
	"net/netip"
	"strings"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/redisledger"
	"penaltybox/scoring/redisledger/redistest"
)

// A node that only follows waits for a ledger instead of making one, and is
// content with a user who may read.
func TestOpen_readOnly(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	reader := redisledger.Options{
		URL: strings.Replace(server.URL(), "redis://", "redis://reader:secret@", 1), ReadOnly: true,
	}
	server.Do("ACL", "SETUSER", "reader", "on", ">secret", "~pb:*", "+@read", "+@connection", "+time", "+info")
	wantOpen(t, reader, scoring.ErrUnavailable, "there is no ledger yet")
	known := reader
	known.Expect = "0123456789abcdef"
	wantOpen(t, known, scoring.ErrOtherLedger, "emptied")
	if got := server.Do("DBSIZE"); got != "0" {
		t.Errorf("looking for a ledger left %s keys", got)
	}

	writer := startNode(t, redisledger.Options{URL: server.URL()})
	wantOpen(t, known, scoring.ErrOtherLedger, writer.ID())
	follower := startNode(t, reader)
	writer.record(t, writer.incident("192.0.2.1", 1))
	in := writer.incident("192.0.2.1", 1)
	eventually(t, "the reader has what was written", func() bool {
		_, ok := follower.Find(in.Key())
		return ok
	})
	found, err := follower.Prefixes(t.Context(), []netip.Prefix{in.Prefix})
	if err != nil || len(found) != 1 || len(found[0]) != 1 {
		t.Errorf("reading a prefix: %v, %v", found, err)
	}

	server.Do("HSET", "pb:meta", "schema", "0")
	wantOpen(t, reader, scoring.ErrUnavailable, "schema 0", "brings it up to date")
}
