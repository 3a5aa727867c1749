package boltledger

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"penaltybox/scoring"
)

// Erase deletes the incidents that an erasure concerns with their overlays, or
// only what people could read of them, tells the followed sink, and overwrites
// what the file still holds of them. Done again, it goes on where it was
// interrupted.
func (l *Ledger) Erase(ctx context.Context, erasure scoring.Erasure) (scoring.Erased, error) {
	concerned := func(row []byte, _ *bolt.Bucket) (bool, error) {
		in, err := decodeRow(row, false)
		return err == nil && erasure.Concerns(in.Prefix), err
	}
	wanted, change := concerned, (*work).erase
	if erasure.KeepPoints {
		change = (*work).strip
		wanted = func(row []byte, amend *bolt.Bucket) (bool, error) {
			is, err := concerned(row, amend)
			if err != nil || !is {
				return false, err
			}
			return readable(row, amend, func(time.Time) bool { return true })
		}
	}
	done, err := l.pass(ctx, wanted, change)
	erased := scoring.Erased{Incidents: done}
	if err == nil && !erasure.FilesLater {
		err = l.wipe(ctx, true)
	}
	if err != nil {
		return erased, fmt.Errorf("erasing %s: %w", erasure.Prefix, err)
	}
	copies, err := filepath.Glob(l.path + ".schema*")
	if err != nil {
		return erased, fmt.Errorf("looking for copies of the ledger: %w", err)
	}
	for _, path := range copies {
		erased.Remains = append(erased.Remains, fmt.Sprintf("%s is a copy of the ledger from before an upgrade; delete it", path))
	}
	return erased, nil
}

// ForgetDetails drops the detail of every incident that was reported before a
// moment, and the notes that amendments made before it wrote. What counts
// stays. It returns how many incidents that were.
func (l *Ledger) ForgetDetails(ctx context.Context, reportedBefore time.Time) (int, error) {
	wanted := func(row []byte, amend *bolt.Bucket) (bool, error) {
		return readable(row, amend, reportedBefore.After)
	}
	done, err := l.pass(ctx, wanted, func(w *work, seq uint64, row []byte) error { return w.stripOld(seq, row, reportedBefore.After) })
	if err == nil {
		err = l.tidy(ctx, done)
	}
	if err != nil {
		return done, fmt.Errorf("forgetting details: %w", err)
	}
	return done, nil
}

// readable tells whether something written at an old time can be read of an
// incident: its detail, or the note of its overlay.
func readable(row []byte, amend *bolt.Bucket, old func(time.Time) bool) (bool, error) {
	key, counted, detail, err := divideRow(row)
	if err != nil {
		return false, err
	}
	if len(detail) > 0 && !bytes.HasPrefix(detail, noDetail()) && old(timeAt(counted[8:])) {
		return true, nil
	}
	value := amend.Get(key)
	if value == nil {
		return false, nil
	}
	k, err := decodeKey(key)
	if err != nil {
		return false, err
	}
	a, err := decodeOverlay(k, value)
	return err == nil && a.Note != nil && *a.Note != "" && old(a.At), err
}

// noDetail is how a row without detail ends.
func noDetail() []byte { return append(appendTime([]byte{0}, time.Time{}), 0) }

// erase deletes a row with its overlay and has the sink forget it.
func (w *work) erase(seq uint64, row []byte) error {
	in, err := decodeRow(row, false)
	if err != nil {
		return err
	}
	key := in.Key()
	// What was amended in the same transaction must not come back by that.
	w.entries = slices.DeleteFunc(w.entries, func(e scoring.Entry) bool { return e.Key() == key })
	w.forgotten = append(w.forgotten, key)
	return w.remove(seq, row)
}

// strip drops what people could read of an incident.
func (w *work) strip(seq uint64, row []byte) error {
	return w.stripOld(seq, row, func(time.Time) bool { return true })
}

// stripOld drops what people could read of an incident and is old.
func (w *work) stripOld(seq uint64, row []byte, old func(time.Time) bool) error {
	entry, err := decodeEntry(row, w.amend, false)
	if err != nil {
		return err
	}
	if old(entry.Reported) && row[0] != rowFormatBare {
		w.put(w.log, sequenceKey(seq), appendRow(nil, entry.Incident))
	}
	if a := entry.Amendment; a != nil && a.Note != nil && old(a.At) {
		bare := *a
		bare.Note = nil
		w.put(w.amend, appendKey(nil, entry.Key()), appendOverlay(nil, bare))
	}
	return nil
}
