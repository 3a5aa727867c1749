package redisledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
)

// An event of the audit is a member of its shard's sorted set: 16 digits of its
// number, then the event as JSON. What amends an incident stands in the shard of
// the incident, because a script writes it together with the overlay; the rest
// in the control shard.
const auditDigits = 16

// auditText is what a script gets of an event; "" for none.
func auditText(event *scoring.AuditEvent) (string, error) {
	if event == nil {
		return "", nil
	}
	text, err := scoring.EncodeAudit(*event)
	return string(text), err
}

// decodeAudit reads a member of an audit.
func decodeAudit(feed int, z redis.Z) (scoring.AuditEvent, error) {
	id := scoring.AuditID{At: int64(z.Score), Shard: feed}
	member, _ := z.Member.(string)
	if len(member) < auditDigits {
		return scoring.AuditEvent{}, fmt.Errorf("%w: audit event %q", scoring.ErrSchema, member)
	}
	seq, err := strconv.ParseUint(member[:auditDigits], 10, 64)
	if err != nil {
		return scoring.AuditEvent{}, fmt.Errorf("%w: audit event %q: %w", scoring.ErrSchema, member, err)
	}
	id.Seq = seq
	return scoring.DecodeAudit(id, []byte(member[auditDigits:]))
}

// AddAudit writes events that belong to no other change of the ledger, in
// order.
func (l *Ledger) AddAudit(ctx context.Context, events ...scoring.AuditEvent) error {
	if ctx.Err() != nil {
		return fmt.Errorf("writing the audit: %w", context.Cause(ctx))
	}
	c := l.newCall(controlFeed)
	c.keys = append(c.keys, auditKey(controlFeed))
	c.args = append(c.args, rand.Text())
	for _, event := range events {
		text, err := auditText(&event)
		if err != nil {
			return err
		}
		at := ""
		if !event.At.IsZero() {
			at = strconv.FormatInt(event.At.UnixMilli(), 10)
		}
		c.args = append(c.args, text, at)
	}
	if l.run(ctx, auditScript, c); c.err != nil {
		return fmt.Errorf("writing the audit: %w", c.err)
	}
	return nil
}

// Audit yields the events of a range, oldest first, from all shards.
func (l *Ledger) Audit(ctx context.Context, wanted scoring.AuditRange) iter.Seq2[scoring.AuditEvent, error] {
	return func(yield func(scoring.AuditEvent, error) bool) {
		readers := make([]*auditReader, feeds)
		for feed := range readers {
			readers[feed] = &auditReader{ledger: l, feed: feed, from: wanted.From()}
		}
		for {
			event, err := firstEvent(ctx, readers)
			switch {
			case err != nil:
				yield(scoring.AuditEvent{}, fmt.Errorf("reading the audit: %w", fault(ctx, err)))
				return
			case event == nil, wanted.Over(event.ID):
				return
			case wanted.Has(event.ID) && !yield(*event, nil):
				return
			}
		}
	}
}

// firstEvent takes the oldest event that the readers have; nil: there is none.
func firstEvent(ctx context.Context, readers []*auditReader) (*scoring.AuditEvent, error) {
	var first *auditReader
	for _, r := range readers {
		if err := r.fill(ctx); err != nil {
			return nil, err
		}
		if len(r.events) > 0 && (first == nil || r.events[0].ID.Compare(first.events[0].ID) < 0) {
			first = r
		}
	}
	if first == nil {
		return nil, nil
	}
	event := first.events[0]
	first.events, first.members = first.events[1:], first.members[1:]
	return &event, nil
}

// auditPage is how many events one round trip brings.
const auditPage = 500

// auditReader reads the audit of a shard, a page at a time.
type auditReader struct {
	ledger  *Ledger
	feed    int
	from    int64 // milliseconds of the next page
	skip    int64 // events of that millisecond that were read already
	ended   bool
	events  []scoring.AuditEvent
	members []redis.Z // as the events stand in the ledger
}

// fill reads the next page when all that was read is taken.
func (r *auditReader) fill(ctx context.Context) error {
	if len(r.events) > 0 || r.ended {
		return nil
	}
	page, err := r.ledger.client.ZRangeByScoreWithScores(ctx, auditKey(r.feed), &redis.ZRangeBy{
		Min: strconv.FormatInt(r.from, 10), Max: "+inf", Offset: r.skip, Count: auditPage,
	}).Result()
	if err != nil {
		return err
	}
	r.ended = len(page) < auditPage
	r.events, r.members = r.events[:0], page
	for _, z := range page {
		event, err := decodeAudit(r.feed, z)
		if err != nil {
			return err
		}
		if r.events = append(r.events, event); event.ID.At > r.from {
			r.from, r.skip = event.ID.At, 0
		}
		r.skip++
	}
	return nil
}

// PurgeAudit deletes the events before a moment and returns how many those
// were.
func (l *Ledger) PurgeAudit(ctx context.Context, before time.Time) (int, error) {
	total := 0
	for feed := range feeds {
		n, err := l.client.ZRemRangeByScore(ctx, auditKey(feed), "-inf", "("+strconv.FormatInt(before.UnixMilli(), 10)).Result()
		if err != nil {
			return total, fmt.Errorf("purging the audit: %w", fault(ctx, err))
		}
		total += int(n)
	}
	return total, nil
}

// EraseAudit takes an address or range out of every event that names it, and
// returns how many those were. The events stay: who did what and when, with
// "erased" where the address stood and without what was before and after (see
// [scoring.AuditEvent.Erase]). It is the one way to change the audit, for the
// erasure of personal data.
func (l *Ledger) EraseAudit(ctx context.Context, prefix netip.Prefix) (int, error) {
	total := 0
	for feed := range feeds {
		r := &auditReader{ledger: l, feed: feed}
		for {
			if err := r.fill(ctx); err != nil {
				return total, fmt.Errorf("reading the audit: %w", fault(ctx, err))
			}
			if len(r.events) == 0 {
				break
			}
			n, err := l.eraseFrom(ctx, r, prefix)
			total += n
			if err != nil {
				return total, fmt.Errorf("erasing from the audit: %w", fault(ctx, err))
			}
			r.events = nil
		}
	}
	return total, nil
}

// eraseFrom erases from the page that a reader has.
func (l *Ledger) eraseFrom(ctx context.Context, r *auditReader, prefix netip.Prefix) (int, error) {
	var replaced []any
	for i, event := range r.events {
		erased, found := event.Erase(prefix)
		if !found {
			continue
		}
		text, err := scoring.EncodeAudit(erased)
		if err != nil {
			return 0, err
		}
		member, _ := r.members[i].Member.(string)
		replaced = append(replaced, member, strconv.FormatInt(event.ID.At, 10), member[:auditDigits]+string(text))
	}
	total := 0
	for some := range slices.Chunk(replaced, 3*rowsPerCall) {
		n, err := eraseScript.Run(ctx, l.client, []string{auditKey(r.feed)}, some...).Int()
		if total += n; err != nil {
			return total, err
		}
	}
	return total, nil
}
