package redisledger

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"penaltybox/scoring"
	"penaltybox/scoring/redisledger/redistest"
)

// What comes while a load is under way goes together with the next one, once.
func TestCarrier_gathers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var loads [][]*row
		goOn := make(chan struct{})
		c := carrier{carry: func(rows []*row) {
			loads = append(loads, rows)
			<-goOn
		}}
		var senders sync.WaitGroup
		send := func(n int) []*row {
			rows := make([]*row, n)
			for i := range rows {
				rows[i] = new(row)
			}
			senders.Go(func() {
				if _, err := c.send(t.Context(), rows); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			return rows
		}
		first, second, third := send(1), send(2), send(1)
		if len(loads) != 1 || len(loads[0]) != 1 || loads[0][0] != first[0] {
			t.Fatalf("first went %v", loads)
		}
		goOn <- struct{}{}
		synctest.Wait()
		if len(loads) != 2 || len(loads[1]) != 3 || loads[1][0] != second[0] || loads[1][2] != third[0] {
			t.Fatalf("then went %v", loads)
		}
		goOn <- struct{}{}
		senders.Wait()
		synctest.Wait()
		if c.running || c.waiting != nil {
			t.Fatal("it goes on without a load")
		}
		last := send(1)
		if len(loads) != 3 || loads[2][0] != last[0] {
			t.Fatalf("last went %v", loads)
		}
		close(goOn)
		senders.Wait()
	})
}

// Who leaves holds up nobody, and what it left on the load goes all the same.
func TestCarrier_leaving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		var carried atomic.Int64
		c := carrier{carry: func(rows []*row) {
			<-goOn
			carried.Add(int64(len(rows)))
		}}
		gone := errors.New("gone")
		ctx, leave := context.WithCancelCause(t.Context())
		var senders sync.WaitGroup
		senders.Go(func() {
			underWay, err := c.send(ctx, []*row{new(row)})
			if !errors.Is(err, gone) {
				t.Errorf("who left got %v", err)
			}
			if <-underWay; carried.Load() == 0 {
				t.Error("the row is told to have arrived before it did")
			}
		})
		synctest.Wait()
		senders.Go(func() {
			if _, err := c.send(t.Context(), []*row{new(row)}); err != nil {
				t.Error(err)
			}
		})
		leave(gone)
		synctest.Wait()
		close(goOn)
		senders.Wait()
		if carried.Load() != 2 {
			t.Errorf("%d rows went, want 2", carried.Load())
		}
	})
}

// Who gave up and reports something else by the same key meets its own report,
// which was under way all the while.
func TestRecord_leftUnderWay(t *testing.T) {
	t.Parallel()
	l := openOn(t, redistest.Start(t))
	carry, started, goOn := l.carrier.carry, make(chan struct{}, 2), make(chan struct{})
	l.carrier.carry = func(rows []*row) {
		started <- struct{}{}
		<-goOn
		carry(rows)
	}
	ctx, leave := context.WithCancel(t.Context())
	first := incidentOn(l, "192.0.2.1", 1)
	left := make(chan error, 1)
	go func() {
		_, err := l.Record(ctx, []scoring.Incident{first})
		left <- err
	}()
	<-started
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatalf("who left got %v", err)
	}
	other := first
	other.Points = 50
	again := make(chan scoring.Receipt, 1)
	go func() {
		receipts, err := l.Record(t.Context(), []scoring.Incident{other})
		if err != nil {
			receipts = []scoring.Receipt{{Err: err}}
		}
		again <- receipts[0]
	}()
	close(goOn)
	if receipt := <-again; !errors.Is(receipt.Err, scoring.ErrConflict) {
		t.Errorf("the other report got %+v, want a conflict", receipt)
	}
}
