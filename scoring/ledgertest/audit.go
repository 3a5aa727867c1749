package ledgertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"penaltybox/scoring"
)

// audit reads the events of a range and checks their order.
func audit(t *testing.T, ledger Ledger, wanted scoring.AuditRange) []scoring.AuditEvent {
	t.Helper()
	var events []scoring.AuditEvent
	for event, err := range ledger.Audit(t.Context(), wanted) {
		if err != nil {
			t.Fatalf("reading the audit: %v", err)
		}
		if n := len(events); n > 0 && events[n-1].ID.Compare(event.ID) >= 0 {
			t.Errorf("event %s comes after %s", event.ID, events[n-1].ID)
		}
		if event.At.UnixMilli() != event.ID.At {
			t.Errorf("event %s is of %s", event.ID, event.At)
		}
		events = append(events, event)
	}
	return events
}

// wantAudit checks what the audit tells, but for ids and times.
func wantAudit(t *testing.T, ledger Ledger, want ...scoring.AuditEvent) {
	t.Helper()
	events := audit(t, ledger, scoring.AuditRange{})
	for i := range events {
		events[i].ID, events[i].At = scoring.AuditID{}, time.Time{}
	}
	if len(want) > 0 || len(events) > 0 {
		same(t, "audit", want, events)
	}
}

// done is an event like those of a registrar.
func done(object string) scoring.AuditEvent {
	return scoring.AuditEvent{
		Who: "admin", KeyID: "adminkey", Source: netip.MustParseAddr("198.51.100.9"),
		Action: "change", Object: object, Before: json.RawMessage(`{"threshold":50}`), After: json.RawMessage(`{"threshold":60}`),
		Reason: "too many <complaints>, ü",
	}
}

func tellAudit(t *testing.T, backend Backend) {
	n := start(t, backend)
	wantAudit(t, n)
	in := incident(n, "192.0.2.1", 1)
	record(t, n, in)
	put(t, n, scoring.ControlRecord{Key: "silent", Version: 1, Value: []byte(`{}`)})
	wantAudit(t, n)

	changed, amended, removed, alone := done("policy"), done("incident/192.0.2.1/32|1"), done("policy"), done("ledger")
	removed.After, removed.Action = nil, "remove"
	alone.Before, alone.After, alone.Action, alone.Source = nil, nil, "backup", netip.Addr{}
	put(t, n, scoring.ControlRecord{Key: "policy", Version: 1, Value: []byte(`{}`), Audit: &changed})
	a := amendment(in, 1)
	a.Audit = &amended
	before := n.Now().Truncate(time.Millisecond)
	time.Sleep(2 * time.Millisecond) // events of one millisecond come in the order of shards
	amend(t, n, a)
	time.Sleep(2 * time.Millisecond)
	put(t, n, scoring.ControlRecord{Key: "policy", Version: 2, Audit: &removed})
	if err := n.AddAudit(t.Context(), alone); err != nil {
		t.Fatal(err)
	}
	wantAudit(t, n, changed, amended, removed, alone)
	// The audit is for the ledger alone.
	a.Audit = nil
	wantDetails(t, n, scoring.Entry{Incident: in, Amendment: &a})
	wantControl(t, n, scoring.ControlRecord{Key: "silent", Version: 1, Value: []byte(`{}`)})

	for _, event := range audit(t, n, scoring.AuditRange{}) {
		if event.At.Before(before.Add(-time.Minute)) || event.At.After(n.Now().Add(time.Minute)) {
			t.Errorf("event %s is of %s; it is %s", event.ID, event.At, n.Now())
		}
	}
	n = n.restart(t, backend)
	wantAudit(t, n, changed, amended, removed, alone)
}

// tellAuditBoth: what does not change tells nothing.
func tellAuditBoth(t *testing.T, backend Backend) {
	n := start(t, backend)
	in := incident(n, "192.0.2.1", 1)
	record(t, n, in)
	never := done("never")
	for _, record := range []scoring.ControlRecord{
		{Key: "policy", Version: 2, Value: []byte(`{}`), Audit: &never},
		{Key: "policy", Version: 1, Audit: &never},
	} {
		if err := n.PutControl(t.Context(), record); err == nil {
			t.Fatalf("a record of version %d was taken", record.Version)
		}
	}
	conflicting, gone := amendment(in, 2), amendment(in, 1)
	gone.ID = 2
	conflicting.Audit, gone.Audit = &never, &never
	for _, a := range []scoring.Amendment{conflicting, gone} {
		if err := n.Amend(t.Context(), a); !errors.Is(err, scoring.ErrConflict) && !errors.Is(err, scoring.ErrNotFound) {
			t.Fatalf("an amendment of version %d: %v", a.Version, err)
		}
	}
	wantAudit(t, n)
}

func tellAuditPages(t *testing.T, backend Backend) {
	n := start(t, backend)
	const events = 1234
	at := n.Now().Add(-time.Hour).Truncate(time.Second)
	var all []scoring.AuditEvent
	for i := range events {
		event := done(fmt.Sprintf("key/%d", i))
		event.At = at.Add(time.Duration(i/700) * time.Second) // many of one moment
		all = append(all, event)
	}
	if err := n.AddAudit(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
	told := audit(t, n, scoring.AuditRange{})
	if len(told) != events {
		t.Fatalf("%d events, want %d", len(told), events)
	}
	for i, event := range told {
		if event.Object != all[i].Object || !event.At.Equal(all[i].At) {
			t.Fatalf("event %d is %s of %s, want %s of %s", i, event.Object, event.At, all[i].Object, all[i].At)
		}
	}
	for _, i := range []int{0, 1, 499, 500, 699, 700, 1232} {
		same(t, fmt.Sprintf("after event %d", i), told[i+1:], audit(t, n, scoring.AuditRange{After: told[i].ID}))
	}
	if rest := audit(t, n, scoring.AuditRange{After: told[events-1].ID}); len(rest) != 0 {
		t.Errorf("%d events come after the last", len(rest))
	}
	same(t, "since", told[700:], audit(t, n, scoring.AuditRange{Since: at.Add(time.Second)}))
	same(t, "until", told[:700], audit(t, n, scoring.AuditRange{Until: at.Add(time.Second)}))
	same(t, "after and until", told[600:700], audit(t, n, scoring.AuditRange{After: told[599].ID, Until: at.Add(time.Second)}))
	id, err := scoring.ParseAuditID(told[5].ID.String())
	if err != nil || id != told[5].ID {
		t.Errorf("id %s was read as %s, %v", told[5].ID, id, err)
	}
}

// tellAuditWriters: none is lost, none is told twice, and those of one record
// come in the order of its versions.
func tellAuditWriters(t *testing.T, backend Backend) {
	n := start(t, backend)
	const writers, versions = 8, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for v := range versions {
				event := done(fmt.Sprintf("key/%d", w))
				event.Reason = fmt.Sprint(v)
				err := n.PutControl(t.Context(), scoring.ControlRecord{
					Key: event.Object, Version: uint64(v + 1), Value: []byte(`{}`), Audit: &event,
				})
				if err != nil {
					t.Errorf("writer %d, version %d: %v", w, v+1, err)
				}
			}
		})
	}
	wg.Wait()
	told := map[string][]string{}
	for _, event := range audit(t, n, scoring.AuditRange{}) {
		told[event.Object] = append(told[event.Object], event.Reason)
	}
	var want []string
	for v := range versions {
		want = append(want, fmt.Sprint(v))
	}
	for w := range writers {
		if got := told[fmt.Sprintf("key/%d", w)]; !slices.Equal(got, want) {
			t.Errorf("the audit tells of key/%d: %q", w, got)
		}
	}
}

func tellAuditPurge(t *testing.T, backend Backend) {
	n := start(t, backend)
	at := n.Now().Add(-48 * time.Hour).Truncate(time.Second)
	old, new := done("old"), done("new")
	old.At, new.At = at, at.Add(time.Hour)
	if err := n.AddAudit(t.Context(), old, old, new); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 0} {
		if purged, err := n.PurgeAudit(t.Context(), at.Add(time.Hour)); err != nil || purged != want {
			t.Errorf("purged %d events, %v; want %d", purged, err, want)
		}
	}
	if left := audit(t, n, scoring.AuditRange{}); len(left) != 1 || left[0].Object != "new" {
		t.Errorf("left: %+v", left)
	}
}

// tellAuditErase: one address leaves the audit, and nothing else does.
func tellAuditErase(t *testing.T, backend Backend) {
	n := start(t, backend)
	in := incident(n, "192.0.2.1", 1)
	record(t, n, in)
	named := done("incident/192.0.2.1/32|0000000000000001")
	a := amendment(in, 1)
	a.Audit = &named
	amend(t, n, a)
	time.Sleep(2 * time.Millisecond)
	within, neighbour := done("void/1"), done("exempt/192.0.2.10/32")
	within.After = json.RawMessage(`{"prefix":"192.0.2.1/32"}`)
	if err := n.AddAudit(t.Context(), within, neighbour); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 0} {
		if erased, err := n.EraseAudit(t.Context(), netip.MustParsePrefix("192.0.2.1/32")); err != nil || erased != want {
			t.Errorf("erased from %d events, %v; want %d", erased, err, want)
		}
	}
	named.Object, within.Object = "incident/erased|0000000000000001", "void/1"
	for _, event := range []*scoring.AuditEvent{&named, &within} {
		event.Before, event.After, event.Reason, event.Erased = nil, nil, "", true
	}
	wantAudit(t, n, named, within, neighbour)
	n = n.restart(t, backend)
	wantAudit(t, n, named, within, neighbour)
}
