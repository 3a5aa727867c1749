package redisledger

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"penaltybox/scoring"
)

const (
	// rowsPerCall bounds how long one script keeps the server from others:
	// about 2 ms.
	rowsPerCall = 200
	// visibleWithin is how long a write waits for the node's own follower,
	// unless Options say otherwise.
	visibleWithin = time.Second
)

// row is one incident on its way into the ledger.
type row struct {
	scoring.Incident
	member  []byte
	call    *call // nil: nothing to store
	outcome scoring.Outcome
	first   int // the earlier row of the same call with this key, or -1
}

// Record stores incidents durably and returns one receipt for each, in order:
// recorded, a duplicate of what the ledger has, scoring.ErrConflict,
// scoring.ErrTooMany, or scoring.ErrUnavailable for the rows of a shard that
// could not be written. It waits up to Options.VisibleWithin until the followed
// sink has what was recorded; without a follower nothing is visible.
//
// The error is scoring.ErrUnavailable when no row could be written, the cause
// of ctx, or says which incident the schema has no place for; then nothing is
// acknowledged, and sending again is safe.
func (l *Ledger) Record(ctx context.Context, incidents []scoring.Incident) ([]scoring.Receipt, error) {
	receipts, err := l.record(ctx, incidents)
	if err != nil {
		return nil, fmt.Errorf("recording %d incidents: %w", len(incidents), err)
	}
	return receipts, nil
}

func (l *Ledger) record(ctx context.Context, incidents []scoring.Incident) ([]scoring.Receipt, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	rows, err := encodeRows(incidents)
	if err != nil {
		return nil, err
	}
	release, err := l.claims.take(ctx, incidents)
	if err != nil {
		return nil, err
	}
	defer func() { release() }()
	known, err := l.known(ctx, incidents)
	if err != nil {
		return nil, err
	}
	receipts, stored := l.judge(rows, known)
	if len(stored) > 0 {
		if underWay, err := l.store(ctx, stored); err != nil {
			// Who asks again is to meet the report that is still under way.
			letGo := release
			release = func() { go l.settle(context.WithoutCancel(ctx), underWay, stored, letGo) }
			return nil, err
		}
		calls := callsOf(stored)
		if err := allUnavailable(calls); err != nil {
			return nil, err
		}
		visible := l.await(ctx, calls)
		fill(receipts, rows, visible)
	}
	return receipts, nil
}

// store writes rows, and leaves in each the call that it was part of: those of a
// batch by themselves, those of a small report with what others report meanwhile.
// In a Cluster each goes by itself, for one master that hangs must not hold up what
// is for another. It returns an error when ctx ended while rows were under way, and
// what closes when they have arrived.
func (l *Ledger) store(ctx context.Context, rows []*row) (underWay <-chan struct{}, err error) {
	if len(rows) <= joinedRows && !l.endpoint.cluster {
		return l.carrier.send(ctx, rows)
	}
	l.write(ctx, rows)
	return nil, nil
}

// settle lets go of the claims on rows whose reporter left, once they have arrived
// and are seen.
func (l *Ledger) settle(ctx context.Context, underWay <-chan struct{}, rows []*row, release func()) {
	defer release()
	<-underWay
	l.await(ctx, callsOf(rows))
}

// writeLoad writes what the carrier brings. One connection that is dead must not
// hold up all reports for longer than a load may take.
func (l *Ledger) writeLoad(life context.Context, rows []*row) {
	ctx, cancel := context.WithTimeoutCause(life, loadWithin, fmt.Errorf("%w: no answer within %s", scoring.ErrUnavailable, loadWithin))
	defer cancel()
	l.write(ctx, rows)
}

func (l *Ledger) write(ctx context.Context, rows []*row) {
	var batches batches
	for _, r := range rows {
		r.call = batches.add(l, *r)
	}
	l.run(ctx, recordScript, batches.all...)
}

// callsOf returns the calls that rows were part of, each once.
func callsOf(rows []*row) []*call {
	var calls []*call
	for _, r := range rows {
		if !slices.Contains(calls, r.call) {
			calls = append(calls, r.call)
		}
	}
	return calls
}

func encodeRows(incidents []scoring.Incident) ([]row, error) {
	rows := make([]row, len(incidents))
	space := make([]byte, 0, 32*len(incidents))
	for i, in := range incidents {
		start := len(space)
		var err error
		if space, err = appendMember(space, in); err != nil {
			return nil, err
		}
		rows[i] = row{Incident: in, member: space[start:len(space):len(space)], first: -1}
	}
	return rows, nil
}

// judge decides which rows are to be stored.
func (l *Ledger) judge(rows []row, known view) ([]scoring.Receipt, []*row) {
	receipts := make([]scoring.Receipt, len(rows))
	firsts := make(map[scoring.Key]int, len(rows))
	held := map[netip.Prefix]int{}
	now := l.Now()
	var stored []*row
	for i := range rows {
		r := &rows[i]
		if first, again := firsts[r.Key()]; again {
			r.first = first
			receipts[i] = compare(rows[first].Incident, r.Incident, receipts[first].Visible)
			continue
		}
		entry, found := known.Find(r.Key())
		switch {
		case found && entry.KeepUntil().After(now):
			receipts[i] = compare(entry.Incident, r.Incident, l.follows(r.Prefix))
			if receipts[i].Err == nil && l.waitReplicas > 0 {
				// The replicas may not have it yet: it may have been
				// refused for just that.
				r.repeat(entry.Incident)
				stored = append(stored, r)
			}
		case count(held, known, r.Prefix) >= scoring.MaxIncidents:
			receipts[i].Err = scoring.ErrTooMany
		default:
			firsts[r.Key()] = i
			held[r.Prefix]++
			stored = append(stored, r)
		}
	}
	return receipts, stored
}

// repeat makes the row store again what the ledger has, which changes nothing:
// WAIT after it waits for all that the server wrote before.
func (r *row) repeat(known scoring.Incident) {
	known.Detail = scoring.Detail{}
	if member, err := appendMember(nil, known); err == nil { // it was read from one
		r.Incident, r.member, r.outcome = known, member, scoring.Duplicate
	}
}

// count returns how many incidents a prefix has, with those of this call.
func count(held map[netip.Prefix]int, known view, prefix netip.Prefix) int {
	n, asked := held[prefix]
	if !asked {
		n = known.Count(prefix)
		held[prefix] = n
	}
	return n
}

// compare tells what a report is beside one with the same key.
func compare(known, reported scoring.Incident, visible bool) scoring.Receipt {
	if known.SameContent(reported) {
		return scoring.Receipt{Outcome: scoring.Duplicate, Visible: visible}
	}
	return scoring.Receipt{Err: scoring.ErrConflict}
}

// follows tells whether a sink follows the shard of a prefix.
func (l *Ledger) follows(prefix netip.Prefix) bool {
	_, loaded := l.progress[scoring.ShardOf(prefix)].current()
	return loaded
}

// batches collects rows into calls of one shard each.
type batches struct {
	open [scoring.Shards]*call
	rows [scoring.Shards]int
	all  []*call
}

func (b *batches) add(l *Ledger, r row) *call {
	place := bucketOf(r.Prefix)
	c := b.open[place.shard]
	if c == nil || b.rows[place.shard] == rowsPerCall {
		c = l.newCall(place.shard)
		b.open[place.shard], b.rows[place.shard] = c, 0
		b.all = append(b.all, c)
	}
	b.rows[place.shard]++
	c.keys = append(c.keys, place.key(), detailKey(r.Key()))
	c.args = append(c.args, r.member, r.Expires.Unix(), appendDetail(nil, r.Detail), r.detailEnd())
	return c
}

// detailEnd returns when the detail is to be gone, in unix seconds: as it says,
// and a minute after the incident at the latest.
func (r row) detailEnd() int64 {
	end := r.Expires.Unix() + 60
	if !r.Until.IsZero() {
		end = min(end, r.Until.Unix())
	}
	return end
}

// fill completes the receipts of stored rows and of the rows that repeat them.
func fill(receipts []scoring.Receipt, rows []row, visible map[*call]bool) {
	for i, r := range rows {
		switch {
		case r.call != nil:
			receipts[i] = scoring.Receipt{Outcome: r.outcome, Visible: visible[r.call], Err: r.call.err}
		case r.first < 0 || receipts[i].Err != nil:
		case receipts[r.first].Err != nil:
			receipts[i] = receipts[r.first]
		default:
			receipts[i].Visible = receipts[r.first].Visible
		}
	}
}

// await waits until the sink has what was written, and tells of which calls
// it has.
func (l *Ledger) await(ctx context.Context, calls []*call) map[*call]bool {
	visible := make(map[*call]bool, len(calls))
	if l.sink.Load() == nil {
		return visible
	}
	ctx, cancel := context.WithTimeout(ctx, l.visible)
	defer cancel()
	for _, c := range calls {
		visible[c] = c.err == nil && l.progress[c.feed].wait(ctx, c.at)
	}
	return visible
}

// allUnavailable returns the first fault when no call was carried out, so that
// a ledger that is gone is one error and not many receipts.
func allUnavailable(calls []*call) error {
	for _, c := range calls {
		if c.err == nil {
			return nil
		}
	}
	return calls[0].err
}

// view is what is known of some prefixes: the followed sink, or what was read
// from the ledger just now.
type view interface {
	Find(key scoring.Key) (scoring.Entry, bool)
	Count(prefix netip.Prefix) int
}
