package control

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"penaltybox/scoring"
)

// SettleRemovals carries out what was granted by a node that then died, and
// deletes requests that say nothing more, with what was written to them.
func (r *Registrar) SettleRemovals(ctx context.Context, now time.Time) error {
	// settleAfter leaves a request to the node that granted it.
	const settleAfter = 10 * time.Second
	var faults []error
	r.book.mu.RLock()
	var left, over []Removal
	for _, removal := range r.book.removals {
		switch {
		case removal.State == RemovalGranting && now.Sub(removal.Decided) > settleAfter:
			left = append(left, removal)
		case !removal.needed(now):
			over = append(over, removal)
		}
	}
	r.book.mu.RUnlock()
	for _, removal := range left {
		_, err := r.carryOut(ctx, now, removal)
		faults = append(faults, err)
	}
	for _, removal := range over {
		faults = append(faults, r.dropRemoval(ctx, now, removal.Prefix))
	}
	for _, prefix := range r.orphans() {
		faults = append(faults, r.drop(ctx, private(removalRecords+prefix.String()), func() bool {
			return slices.Contains(r.orphans(), prefix)
		}))
	}
	return errors.Join(faults...)
}

// dropRemoval deletes a request unless it says something again.
func (r *Registrar) dropRemoval(ctx context.Context, now time.Time, prefix netip.Prefix) error {
	return r.drop(ctx, removalRecords+prefix.String(), func() bool {
		removal, ok := r.book.Removal(prefix)
		return ok && !removal.needed(now)
	})
}

// drop deletes a record while over says so. That it is gone is what was
// wanted: another node was faster.
func (r *Registrar) drop(ctx context.Context, key string, over func() bool) error {
	err := r.change(ctx, key, func() (any, error) {
		if !over() {
			return nil, scoring.ErrNotFound
		}
		return nil, nil
	})
	if errors.Is(err, scoring.ErrNotFound) {
		return nil
	}
	return err
}

// orphans are notes whose request is gone or another one.
func (r *Registrar) orphans() []netip.Prefix {
	r.book.mu.RLock()
	defer r.book.mu.RUnlock()
	var orphans []netip.Prefix
	for prefix, note := range r.book.removalNotes {
		if r.book.removals[prefix].ID != note.ID {
			orphans = append(orphans, prefix)
		}
	}
	slices.SortFunc(orphans, netip.Prefix.Compare)
	return orphans
}

// carryOut voids what an address has until its removal was granted, then says
// so. Both steps may be repeated, by any node.
func (r *Registrar) carryOut(ctx context.Context, now time.Time, removal Removal) (Removal, error) {
	if err := r.voidRemoved(ctx, now, removal); err != nil {
		return removal, err
	}
	err := r.change(ctx, removalRecords+removal.Prefix.String(), func() (any, error) {
		present, ok := r.book.Removal(removal.Prefix)
		if !ok || present.ID != removal.ID {
			return nil, fmt.Errorf("removal %q: %w", removal.ID, scoring.ErrNotFound)
		}
		removal = present
		removal.State = RemovalGranted
		return removal, nil
	})
	return removal, err
}

// RemovalVoid returns the id of the void that a granted removal stands on.
// Dropping it undoes the removal.
func RemovalVoid(id string) string { return "removal-" + id }

// voidRemoved takes back what was reported of an address until its removal was
// granted, that second included.
func (r *Registrar) voidRemoved(ctx context.Context, now time.Time, removal Removal) error {
	if _, done := r.book.Void(RemovalVoid(removal.ID)); done {
		return nil
	}
	_, err := r.AddVoid(ctx, now, scoring.Void{
		ID: RemovalVoid(removal.ID), Prefix: removal.Prefix, To: removal.Decided.Add(time.Second),
		Reason: "removal on request", By: removal.DecidedBy,
	})
	if errors.Is(err, scoring.ErrConflict) { // another node was as fast
		_, done := r.book.Void(RemovalVoid(removal.ID))
		if done {
			return nil
		}
	}
	return err
}
