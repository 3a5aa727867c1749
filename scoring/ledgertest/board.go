package ledgertest

import (
	"iter"
	"testing"
	"time"

	"penaltybox/scoring"
)

// board makes a real scoreboard a sink: the ledger's clock is its clock, and
// it has no use for control records.
type board struct {
	*scoring.Scoreboard
	now      func() time.Time
	caughtUp chan struct{}
}

var _ scoring.Sink = (*board)(nil)

func (b *board) Replace(shard int, entries iter.Seq2[scoring.Entry, error]) error {
	return b.Scoreboard.Replace(b.now(), shard, entries)
}

func (b *board) Apply(entries ...scoring.Entry) { b.Scoreboard.Apply(b.now(), entries...) }

func (b *board) Forget(keys ...scoring.Key)                 { b.Scoreboard.Forget(b.now(), keys...) }
func (b *board) Control(_ bool, _ ...scoring.ControlRecord) {}

func (b *board) Following(state scoring.FeedState) {
	if state.CaughtUp {
		select {
		case <-b.caughtUp:
		default:
			close(b.caughtUp)
		}
	}
}

// followBoard feeds a new scoreboard with one rule that counts everything.
func followBoard(t *testing.T, ledger Ledger) (b *board, unfollow func()) {
	t.Helper()
	everything := scoring.Rule{Categories: scoring.AllCategories}
	scoreboard, err := scoring.NewScoreboard(scoring.DefaultPolicy(), []scoring.Rule{everything})
	if err != nil {
		t.Fatal(err)
	}
	b = &board{Scoreboard: scoreboard, now: ledger.Now, caughtUp: make(chan struct{})}
	unfollow = follow(t, ledger, b)
	select {
	case <-b.caughtUp:
	case <-time.After(patience):
		t.Fatalf("waited %s in vain until the scoreboard catches up", patience)
	}
	return b, unfollow
}
