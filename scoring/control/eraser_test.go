package control_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

var erasureName = regexp.MustCompile(`erase/[a-z2-7]{8}`)

var errDied = errors.New("the node died")

// erasingStore is a store with incidents and files, that can die between any
// two steps.
type erasingStore struct {
	*store
	incidents int
	files     string // what files still say of the incidents and records
	steps     int    // that are left until it dies; 0: it does not
}

func newErasingStore() *erasingStore {
	s := &erasingStore{store: newStore(), incidents: 2, files: "incidents and records"}
	s.before = func(scoring.ControlRecord) error { return s.step() }
	return s
}

func (s *erasingStore) step() error {
	if s.steps == 0 {
		return nil
	}
	if s.steps--; s.steps == 0 {
		s.steps = -1
	}
	if s.steps < 0 {
		return errDied
	}
	return nil
}

func (s *erasingStore) Erase(_ context.Context, erasure scoring.Erasure) (scoring.Erased, error) {
	if err := s.step(); err != nil {
		return scoring.Erased{}, err
	}
	erased := scoring.Erased{Incidents: s.incidents}
	s.incidents = 0
	if !erasure.FilesLater {
		s.files = ""
		s.mu.Lock()
		defer s.mu.Unlock()
		for key, record := range s.records {
			if scoring.Names(erasure.Prefix, key) || scoring.Names(erasure.Prefix, string(record.Value)) {
				s.files += " " + key
			}
		}
	}
	return erased, nil
}

func (s *erasingStore) EraseAudit(_ context.Context, prefix netip.Prefix) (int, error) {
	if err := s.step(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := 0
	for i, event := range s.audit {
		erased, is := event.Erase(prefix)
		if s.audit[i] = erased; is {
			found++
		}
	}
	return found, nil
}

// fill has a desk hold something of the listed address in every sort of record.
func (d desk) fill(t *testing.T, s *erasingStore) *erasingStore {
	t.Helper()
	ctx, prefix := t.Context(), scoring.PrefixOf(listedAddr)
	d.ask(t, noon, control.RemovalRequest{Held: "a moderator decides", Message: "marker"})
	_, err := d.AddVoid(ctx, noon, scoring.Void{Prefix: prefix, Reason: "marker"})
	if err == nil {
		_, err = d.Exempt(ctx, noon, scoring.Exemption{Prefix: prefix, Reason: "marker"}, false)
	}
	sightings := control.NewSightings(d.Registrar)
	sightings.Reporter(noon, "web1", listedAddr)
	sightings.Reporter(noon, "web1", netip.MustParseAddr("198.51.100.1"))
	if err = errors.Join(err, sightings.Write(ctx, noon)); err != nil {
		t.Fatalf("filling the ledger: %v", err)
	}
	return s
}

// wantErased checks that nothing names the address but what spares it, if asked.
func (s *erasingStore) wantErased(t *testing.T, exempt bool) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	exemptions := 0
	for key, record := range s.records {
		if strings.HasPrefix(key, "exempt/") && strings.Contains(string(record.Value), "erased on request") {
			exemptions++
			continue
		}
		if strings.Contains(key+string(record.Value), listedAddr.String()) || strings.HasPrefix(key, "erase/") {
			t.Errorf("the record %s is left: %s", key, record.Value)
		}
	}
	if (exemptions == 1) != exempt {
		t.Errorf("%d exemptions, want one: %t", exemptions, exempt)
	}
	if s.incidents != 0 {
		t.Errorf("%d incidents are left", s.incidents)
	}
	if left := strings.TrimSpace(s.files); left != "" && !(exempt && left == "exempt/"+listedAddr.String()+"/32") {
		t.Errorf("files have %s", left)
	}
	ordered := 0
	for _, event := range s.audit {
		if _, names := event.Erase(scoring.PrefixOf(listedAddr)); names || strings.Contains(event.Reason, "marker") {
			t.Errorf("the audit names the address: %+v", event)
		}
		if event.Action == "erase" && event.Reason == "asked by mail" {
			ordered++
		}
	}
	if ordered != 1 {
		t.Errorf("the audit tells of %d erasures, want 1", ordered)
	}
	if sources := s.records["source/reporter/web1"]; !strings.Contains(string(sources.Value), "198.51.100.1") {
		t.Errorf("another's address is gone: %s", sources.Value)
	}
}

// An erasure that dies after any of its steps is finished by another node, with
// nothing left anywhere.
func TestEraser_resumes(t *testing.T) {
	t.Parallel()
	for _, exempt := range []bool{false, true} {
		for died, step := true, 2; died; step++ {
			t.Run(fmt.Sprintf("exempt %t, dies at step %d", exempt, step), func(t *testing.T) {
				s := newErasingStore()
				d := newDesk(t, s.store)
				d.fill(t, s)
				s.steps = step
				order := control.Erasure{Prefix: scoring.PrefixOf(listedAddr), Reason: "asked by mail", By: "admin", Exempt: exempt}
				_, _, err := control.NewEraser(d.Registrar, s).Erase(t.Context(), noon, order)
				died = err != nil
				if died && !errors.Is(err, errDied) {
					t.Fatalf("erasing: %v", err)
				}
				s.steps = 0
				other := newDesk(t, s.store)
				eraser := control.NewEraser(other.Registrar, s)
				if done, err := eraser.Resume(t.Context(), noon.Add(time.Second)); err != nil || done != 0 {
					t.Errorf("a second later another node took it: %d, %v", done, err)
				}
				orders := len(other.book.Erasures())
				if done, err := eraser.Resume(t.Context(), noon.Add(time.Minute)); err != nil || done != orders {
					t.Fatalf("resuming: %d of %d done, %v", done, orders, err)
				}
				if died && orders == 0 { // only the order itself can be left in files
					s.files = strings.Trim(erasureName.ReplaceAllString(s.files, ""), " ")
				}
				s.wantErased(t, exempt)
			})
			if step > 30 {
				t.Fatal("it never ends")
			}
		}
	}
}

// Every node is told of each order once, so that it forgets what is in memory.
func TestBook_OnErasure(t *testing.T) {
	t.Parallel()
	s := newErasingStore()
	d := newDesk(t, s.store)
	var told []string
	d.book.OnErasure(func(e control.Erasure) { told = append(told, e.Prefix.String()) })
	order := control.Erasure{Prefix: scoring.PrefixOf(listedAddr), Reason: "asked " + listedAddr.String(), By: "admin"}
	if _, _, err := control.NewEraser(d.Registrar, s).Erase(t.Context(), noon, order); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0] != "203.0.113.7/32" {
		t.Errorf("told of %v", told)
	}
	for _, event := range s.audit {
		if event.Reason != "" {
			t.Errorf("a reason that names the address is in the audit: %+v", event)
		}
	}
}

func TestRegistrar_AddErasure_refuses(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	for name, order := range map[string]control.Erasure{
		"no reason": {Prefix: scoring.PrefixOf(listedAddr)},
		"too long":  {Prefix: scoring.PrefixOf(listedAddr), Reason: strings.Repeat("x", 201)},
		"no prefix": {Reason: "x"},
		"too wide":  {Prefix: netip.MustParsePrefix("10.0.0.0/8"), Reason: "x"},
	} {
		if _, err := d.AddErasure(t.Context(), noon, order); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
