package redisledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
)

const (
	// blockFor is how long a read waits for news.
	blockFor = time.Second
	// answerWithin is how long any answer may take beyond that.
	answerWithin = 3 * time.Second
	// checkEvery is how often the feeds' tails are compared with what came.
	checkEvery = time.Second
	// entriesPerRead bounds what one read brings of each feed.
	entriesPerRead = 512
)

// feedReader follows one feed or several that one read can cover. One
// goroutine runs it.
type feedReader struct {
	*follower
	feeds   []*feedState
	checked time.Time
	healthy bool // this session came as far as following
}

// feedState is one feed as its reader knows it.
type feedState struct {
	number int
	loaded bool
	at     position // the last entry applied
	// behind is where the feed stood when its tail was last seen further on.
	behind *position
}

// session follows until something fails. What it finds first decides whether
// the feeds go on where they stopped or are loaded again.
func (r *feedReader) session(ctx context.Context) error {
	if err := r.inspect(ctx); err != nil {
		return err
	}
	if err := r.loadMissing(ctx); err != nil {
		return err
	}
	for _, f := range r.feeds {
		r.progress[f.number].move(f.at)
	}
	r.healthy = true
	r.setFault(ctx, r, nil)
	for {
		if err := r.read(ctx); err != nil {
			return err
		}
		if err := r.check(ctx); err != nil {
			return err
		}
	}
}

// inspect makes sure that this is still the ledger, and drops what is known of
// feeds that fell back: a failover or a crash lost entries that were read.
func (r *feedReader) inspect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if err := r.verify(ctx, r.client); err != nil {
		return err
	}
	return r.compareTails(ctx)
}

// compareTails finds feeds that must be loaded again: the tail is before what
// was read, or nothing came although the tail went on.
func (r *feedReader) compareTails(ctx context.Context) error {
	tails, err := r.tails(ctx, r.client, r.numbers())
	if err != nil {
		return err
	}
	for i, f := range r.feeds {
		switch ahead := tails[i].compare(f.at); {
		case ahead < 0, ahead > 0 && f.behind != nil && *f.behind == f.at:
			f.loaded = false
		case ahead > 0:
			at := f.at
			f.behind = &at
		default:
			f.behind = nil
		}
	}
	r.checked = time.Now()
	if r.feeds[len(r.feeds)-1].number != controlFeed {
		return nil // one reader's look at the clock is enough
	}
	return r.sampleClock(ctx, r.client)
}

// check compares the tails now and then, and loads again what it must.
func (r *feedReader) check(ctx context.Context) error {
	if time.Since(r.checked) < checkEvery {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if err := r.compareTails(limited); err != nil {
		return err
	}
	return r.loadMissing(ctx)
}

// read waits for news and applies them.
func (r *feedReader) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, blockFor+answerWithin)
	defer cancel()
	streams := make([]string, 0, 2*len(r.feeds))
	for _, f := range r.feeds {
		streams = append(streams, feedKey(f.number))
	}
	for _, f := range r.feeds {
		streams = append(streams, f.at.String())
	}
	news, err := r.client.XRead(ctx, &redis.XReadArgs{Streams: streams, Count: entriesPerRead, Block: blockFor}).Result()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the feed: %w", err)
	}
	byKey := make(map[string][]redis.XMessage, len(news))
	for _, stream := range news {
		byKey[stream.Stream] = stream.Messages
	}
	for _, f := range r.feeds {
		if err := r.apply(f, byKey[feedKey(f.number)]); err != nil {
			return err
		}
	}
	return nil
}

// apply gives the sink what a feed's entries say, as far as they follow on
// each other. An entry after a gap marks the feed for loading.
func (r *feedReader) apply(f *feedState, messages []redis.XMessage) error {
	if len(messages) == 0 {
		return nil
	}
	var events []event
	for _, message := range messages {
		before, _ := message.Values[fieldPredecessor].(string)
		text, _ := message.Values[fieldEvents].(string)
		predecessor, err := parsePosition(before)
		if err == nil && predecessor != f.at {
			f.loaded = false
			r.checked = time.Time{} // load it now
			break
		}
		more, fault := decodeEvents(text)
		at, wrong := parsePosition(message.ID)
		if err := errors.Join(err, fault, wrong); err != nil {
			return fmt.Errorf("%w: %s %s: %w", scoring.ErrSchema, feedKey(f.number), message.ID, err)
		}
		f.at = at
		events = append(events, more...)
	}
	r.hand(f, events)
	r.progress[f.number].move(f.at)
	return nil
}

// hand gives events to the sink.
func (r *feedReader) hand(f *feedState, events []event) {
	if len(events) == 0 {
		return
	}
	if f.number == controlFeed {
		records := make([]scoring.ControlRecord, len(events))
		for i, e := range events {
			records[i] = e.control
		}
		r.sink.Control(false, records...)
		return
	}
	entries := make([]scoring.Entry, 0, len(events))
	for _, e := range events {
		if e.erased == nil {
			entries = append(entries, e.entry.WithoutNotes())
			continue
		}
		if len(entries) > 0 { // in their order
			r.sink.Apply(entries...)
			entries = entries[:0:0]
		}
		r.sink.Forget(*e.erased)
	}
	if len(entries) > 0 {
		r.sink.Apply(entries...)
	}
}

func (r *feedReader) numbers() []int {
	numbers := make([]int, len(r.feeds))
	for i, f := range r.feeds {
		numbers[i] = f.number
	}
	return numbers
}

// lose tells writers that the sink does not follow now.
func (r *feedReader) lose() {
	for _, f := range r.feeds {
		r.progress[f.number].lose()
	}
}
