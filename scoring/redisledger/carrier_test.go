package redisledger

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
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
				if err := c.send(t.Context(), rows); err != nil {
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
		carried := 0
		c := carrier{carry: func(rows []*row) {
			<-goOn
			carried += len(rows)
		}}
		gone := errors.New("gone")
		ctx, leave := context.WithCancelCause(t.Context())
		var senders sync.WaitGroup
		senders.Go(func() {
			if err := c.send(ctx, []*row{new(row)}); !errors.Is(err, gone) {
				t.Errorf("who left got %v", err)
			}
		})
		synctest.Wait()
		senders.Go(func() {
			if err := c.send(t.Context(), []*row{new(row)}); err != nil {
				t.Error(err)
			}
		})
		leave(gone)
		synctest.Wait()
		close(goOn)
		senders.Wait()
		if carried != 2 {
			t.Errorf("%d rows went, want 2", carried)
		}
	})
}
