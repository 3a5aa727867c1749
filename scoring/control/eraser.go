package control

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"penaltybox/scoring"
)

// Forgetter is what an eraser asks of a ledger beside its records.
type Forgetter interface {
	Erase(ctx context.Context, erasure scoring.Erasure) (scoring.Erased, error)
	EraseAudit(ctx context.Context, prefix netip.Prefix) (int, error)
}

// Eraser forgets what is held of addresses, in steps that may each be repeated,
// by any node. It is safe for concurrent use.
type Eraser struct {
	registrar *Registrar
	ledger    Forgetter
	turn      sync.Mutex
}

// NewEraser returns an eraser of a ledger that a registrar writes to.
func NewEraser(registrar *Registrar, ledger Forgetter) *Eraser {
	return &Eraser{registrar: registrar, ledger: ledger}
}

// Forgotten tells what an erasure took away, as far as this call did.
type Forgotten struct {
	Incidents   int
	AuditEvents int // that named it and do no more
	Holding         // Named are still there
	// Remains says in sentences where copies may be that the ledger cannot
	// reach, and what to do about them.
	Remains []string
}

// Erase writes an order down and carries it out. After an error that follows
// the order, [Eraser.Resume] goes on.
func (e *Eraser) Erase(ctx context.Context, now time.Time, order Erasure) (Erasure, Forgotten, error) {
	order, err := e.registrar.AddErasure(ctx, now, order)
	if err != nil {
		return order, Forgotten{}, err
	}
	e.turn.Lock()
	defer e.turn.Unlock()
	forgotten, err := e.carryOut(ctx, now, order)
	return order, forgotten, err
}

// Resume carries out orders that another node, or this one before it died, left
// half done. It returns how many it finished.
func (e *Eraser) Resume(ctx context.Context, now time.Time) (int, error) {
	// resumeAfter leaves an order to the node that took it.
	const resumeAfter = 5 * time.Second
	done, faults := 0, []error(nil)
	for _, order := range e.registrar.book.Erasures() {
		if now.Sub(order.At) < resumeAfter || !e.turn.TryLock() {
			continue
		}
		_, err := e.carryOut(ctx, now, order)
		e.turn.Unlock()
		if err != nil {
			faults = append(faults, fmt.Errorf("erasure %s: %w", order.ID, err))
			continue
		}
		done++
	}
	return done, errors.Join(faults...)
}

// carryOut takes the steps of an erasure. What spares the address from lists
// goes after its incidents, the order itself when no file has anything of them;
// what the order leaves in files goes last.
func (e *Eraser) carryOut(ctx context.Context, now time.Time, order Erasure) (Forgotten, error) {
	quiet := quietly(ctx)
	forgotten := Forgotten{Holding: e.registrar.book.Holding(order.Prefix)}
	if order.Exempt {
		exemption := scoring.Exemption{Prefix: order.Prefix, Reason: "erased on request", By: order.By}
		if _, err := e.registrar.Exempt(quiet, now, exemption, false); err != nil {
			return forgotten, err
		}
	}
	erased, err := e.ledger.Erase(ctx, scoring.Erasure{Prefix: order.Prefix, FilesLater: true})
	forgotten.Incidents = erased.Incidents
	if err != nil {
		return forgotten, err
	}
	if err := e.registrar.forget(quiet, order, forgotten.Holding); err != nil {
		return forgotten, err
	}
	if forgotten.AuditEvents, err = e.ledger.EraseAudit(ctx, order.Prefix); err != nil {
		return forgotten, err
	}
	if _, err = e.ledger.Erase(ctx, scoring.Erasure{Prefix: order.Prefix}); err != nil {
		return forgotten, err
	}
	if err := e.registrar.endErasure(ctx, order); err != nil {
		return forgotten, err
	}
	erased, err = e.ledger.Erase(ctx, scoring.Erasure{Prefix: order.Prefix})
	forgotten.Remains = erased.Remains
	return forgotten, err
}
