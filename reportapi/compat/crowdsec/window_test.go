package crowdsec_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// many lists so many addresses for an hour, and tells whether they are withdrawn.
func (n *node) many(from, to int, withdrawn bool) {
	entries := make([]scoring.Entry, 0, to-from)
	for i := from; i < to; i++ {
		e := scoring.Entry{Incident: scoring.Incident{
			Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{20, byte(i >> 16), byte(i >> 8), byte(i)}), 32),
			ID:     1, Kind: 1, Points: 50, Reporter: 1, Reported: n.now(), Expires: n.now().Add(time.Hour),
		}}
		if withdrawn {
			e.Amendment = &scoring.Amendment{Key: e.Key(), Version: 1, Kind: e.Kind, Points: e.Points, Expires: e.Expires, Withdrawn: true}
		}
		entries = append(entries, e)
	}
	n.board.Apply(n.now(), entries...)
}

// An import and a retraction are far more changes than are looked at together;
// each prefix is told once all the same.
func TestStream_manyChanges(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.answered(t, startup, nil, nil)
	wants := func(line string, listed, deleted int) {
		t.Helper()
		got := readAnswer(t, n.do(line, "", n.apiKey(control.RoleReader)))
		if len(got.New) != listed || len(got.Deleted) != deleted {
			t.Errorf("%s lists %d and deletes %d, want %d and %d", line, len(got.New), len(got.Deleted), listed, deleted)
		}
	}
	n.wait(5)
	n.many(0, 20_000, false)
	wants(poll, 20_000, 0)
	n.wait(5)
	wants(poll, 20_000, 0) // they had just changed
	n.many(0, 12_000, true)
	n.many(20_000, 25_000, false)
	n.many(24_000, 25_000, true)
	wants(poll, 4_000, 13_000)
	n.wait(5)
	wants(poll, 4_000, 13_000) // and so had these
	wants(poll, 0, 0)
	wants(startup, 12_000, 0)
}

// overtaker is a connection on which so much is written that meanwhile more
// changes than the log holds.
type overtaker struct {
	*httptest.ResponseRecorder
	change func()
}

func (o *overtaker) Write(b []byte) (int, error) {
	if o.change != nil {
		o.change()
		o.change = nil
	}
	return o.ResponseRecorder.Write(b)
}

// An answer that the log could not tell to its end is no answer: it cannot be
// read as one, and the client gets everything instead.
func TestStream_overtaken(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.answered(t, startup, nil, nil)
	n.wait(5)
	n.many(0, 20_000, false)
	w := &overtaker{httptest.NewRecorder(), func() { n.many(20_000, 90_000, false) }}
	func() {
		defer func() {
			if cut := recover(); cut != http.ErrAbortHandler {
				t.Errorf("the answer was not cut off: %v", cut)
			}
		}()
		n.api.ServeHTTP(w, request(poll, "", n.apiKey(control.RoleReader)))
	}()
	if w.change != nil || json.Valid(w.Body.Bytes()) {
		t.Fatalf("it was not overtaken: %d octets", w.Body.Len())
	}
	if got := readAnswer(t, n.do(poll, "", n.apiKey(control.RoleReader))); len(got.New) != 90_000 {
		t.Fatalf("then %d are listed, want all", len(got.New))
	}
}
