package boltledger

import (
	"context"
	"fmt"
	"runtime"

	bolt "go.etcd.io/bbolt"
)

// maxGroup is how many requests share one transaction at the most.
const maxGroup = 1024

// request is something to be done in a transaction of the writer.
type request struct {
	ctx context.Context
	// run changes the transaction, or returns why it does not.
	run     func(*work) error
	refusal error      // what run returned
	done    chan error // takes the one answer
}

// submit has the writer run something, and returns once it is committed and
// fed, or refused. When ctx ends first, it may happen all the same.
func (l *Ledger) submit(ctx context.Context, run func(*work) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	req := &request{ctx: ctx, run: run, done: make(chan error, 1)}
	select {
	case l.requests <- req:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-l.life.Done():
		return errClosed
	}
	select {
	case err := <-req.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-l.stopped:
	}
	select {
	case err := <-req.done: // answered just before the writer stopped
		return err
	default:
		return errClosed
	}
}

// write is the one goroutine that changes the file, until the ledger closes.
func (l *Ledger) write() {
	defer close(l.stopped)
	group := make([]*request, 0, maxGroup)
	for {
		select {
		case first := <-l.requests:
			group = l.gather(append(group[:0], first))
			l.answer(group)
		case <-l.life.Done():
			return
		}
	}
}

// gather adds what else waits. Writers who were answered a moment ago get a
// chance to come back first: a fuller group costs the same sync.
func (l *Ledger) gather(group []*request) []*request {
	runtime.Gosched()
	for len(group) < maxGroup {
		select {
		case req := <-l.requests:
			group = append(group, req)
		default:
			return group
		}
	}
	return group
}

// answer commits a group, feeds the sink, and only then answers.
func (l *Ledger) answer(group []*request) {
	l.feed.Lock()
	err := l.transact(group)
	l.feed.Unlock()
	for i, req := range group {
		if err != nil {
			req.done <- err
		} else {
			req.done <- req.refusal
		}
		group[i] = nil
	}
}

// transact runs a group in one transaction. An error concerns the whole group.
func (l *Ledger) transact(group []*request) error {
	tx, err := l.db.Begin(true)
	if err != nil {
		return l.unavailable("writing", err)
	}
	w := newWork(l, tx)
	for _, req := range group {
		if req.ctx.Err() != nil {
			req.refusal = context.Cause(req.ctx)
			continue
		}
		req.refusal = req.run(w)
		if w.fault != nil {
			w.abandon()
			return l.unavailable("writing", fmt.Errorf("%w%s", w.fault, rolledBack(tx)))
		}
	}
	if !w.changed {
		return tx.Rollback()
	}
	id := tx.ID()
	if err := l.commit(tx); err != nil {
		// When only the last sync failed, the transaction may stand all the
		// same. Then it is told as any other, though not acknowledged.
		if l.stands(id) {
			w.settle()
		} else {
			w.abandon()
		}
		return l.unavailable("writing", err)
	}
	w.settle()
	return nil
}

// rolledBack undoes a transaction and says so if even that fails.
func rolledBack(tx *bolt.Tx) string {
	if err := tx.Rollback(); err != nil {
		return fmt.Sprintf(" (undoing it: %s)", err)
	}
	return ""
}

// stands tells whether a transaction is the newest of the file.
func (l *Ledger) stands(id int) bool {
	newest := -1
	err := l.db.View(func(tx *bolt.Tx) error {
		newest = tx.ID()
		return nil
	})
	return err == nil && newest == id
}
