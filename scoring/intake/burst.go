package intake

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// Pauser pauses keys.
type Pauser interface {
	PauseKey(ctx context.Context, now time.Time, id string, until time.Time, why string) (control.Key, error)
}

// recordMetered records what the caller's quotas allow, and pauses its key at a
// burst.
func (in *Intake) recordMetered(ctx context.Context, b *batch) {
	u := in.usages.of(b.caller)
	in.admit(ctx, u, b)
	switch {
	case len(b.incidents) == 0:
	case countsListings(b.policy.Guards):
		u.turn.Lock()
		defer u.turn.Unlock()
		in.recordPieces(ctx, u, b)
	default:
		in.record(ctx, b.incidents, b.rows, b.results)
	}
}

// admit takes out of the batch what is over the quotas of reports and of
// addresses, and what follows a burst of addresses.
func (in *Intake) admit(ctx context.Context, u *usage, b *batch) {
	u.mu.Lock()
	defer u.mu.Unlock()
	stop := cmp.Or(in.pausedMeanwhile(b), u.bursting(b))
	b.sift(func(incident *scoring.Incident, row int) bool {
		refusal := stop
		if refusal == nil {
			refusal = u.mayReport(b, incident.Prefix)
		}
		if refusal != nil {
			b.results[row].refuse(refusal)
			return false
		}
		if u.bursts(b, incident.Prefix) {
			stop = in.pause(ctx, u, b, "addresses", b.policy.BurstAddresses)
		}
		return true
	})
}

// bursts notes an address and tells whether it makes a burst.
func (u *usage) bursts(b *batch, prefix netip.Prefix) bool {
	limit, within := b.policy.BurstAddresses, b.policy.Burst()
	if limit == 0 {
		return false
	}
	used := u.burstAddresses.count(b.now, within)
	if !u.burstAddresses.has(prefix) {
		u.burstAddresses.add(prefix, b.now)
		used++
	}
	return used >= limit
}

// bursting refuses what comes while a burst lasts whose key could not be paused:
// one that was begins anew.
func (u *usage) bursting(b *batch) *Refusal {
	within := b.policy.Burst()
	for _, burst := range []struct {
		what   string
		limit  int
		recent *recent
	}{
		{"addresses", b.policy.BurstAddresses, &u.burstAddresses},
		{"listings", b.policy.BurstListings, &u.burstListings},
	} {
		if burst.limit > 0 && burst.recent.count(b.now, within) >= burst.limit {
			wait := burst.recent.wait(b.now, within, burst.limit)
			return overQuota("burst_"+burst.what, b.caller, burstText(burst.what, burst.limit, within), wait)
		}
	}
	return nil
}

func burstText(what string, limit int, within time.Duration) string {
	if what == "listings" {
		return fmt.Sprintf("a burst: it listed %d addresses within %s", limit, scoring.Duration(within))
	}
	return fmt.Sprintf("a burst: it reported %d different addresses within %s", limit, scoring.Duration(within))
}

// recordPieces records the batch in pieces, each so small that no quota and no
// burst of listings is passed by before it is noticed.
func (in *Intake) recordPieces(ctx context.Context, u *usage, b *batch) {
	for len(b.incidents) > 0 {
		u.mu.Lock()
		refusal := cmp.Or(in.pausedMeanwhile(b), u.bursting(b))
		u.mu.Unlock()
		if refusal != nil {
			b.refuse(refusal)
			return
		}
		incidents, rows, fresh := in.piece(u, b)
		if len(incidents) > 0 {
			in.record(ctx, incidents, rows, b.results)
		}
		for _, prefix := range fresh {
			if in.config.Board.Listed(prefix, b.now) {
				u.listed(b, prefix)
			}
		}
		if refusal := in.burstOfListings(ctx, u, b); refusal != nil {
			b.refuse(refusal)
			return
		}
	}
}

// piece takes from the batch what may be recorded at once: whatever is of
// addresses that are listed, and of so many others as may yet be listed. It
// refuses what may not, and returns the others, too.
func (in *Intake) piece(u *usage, b *batch) (incidents []scoring.Incident, rows []int, fresh []netip.Prefix) {
	room, met, full := u.mayList(b), map[netip.Prefix]bool{}, false
	b.sift(func(incident *scoring.Incident, row int) bool {
		prefix := incident.Prefix
		isFresh := !full && !met[prefix] && !in.config.Board.Listed(prefix, b.now)
		switch {
		case full:
			return true // of the next piece
		case isFresh && room == 0:
			b.results[row].refuse(u.overListings(b))
			return false
		case isFresh && len(fresh) == room:
			full = true
			return true
		case isFresh:
			met[prefix], fresh = true, append(fresh, prefix)
		}
		incidents, rows = append(incidents, *incident), append(rows, row)
		return false
	})
	return incidents, rows, fresh
}

func (in *Intake) burstOfListings(ctx context.Context, u *usage, b *batch) *Refusal {
	u.mu.Lock()
	defer u.mu.Unlock()
	limit := b.policy.BurstListings
	if limit == 0 || u.burstListings.count(b.now, b.policy.Burst()) < limit {
		return nil
	}
	return in.pause(ctx, u, b, "listings", limit)
}

// pause pauses the caller's key, and returns what those of its reports are told
// that follow. What cannot be paused, a key of DNS updates or any while the
// ledger is out, is refused all the same until the burst is over.
func (in *Intake) pause(ctx context.Context, u *usage, b *batch, what string, limit int) *Refusal {
	why := burstText(what, limit, b.policy.Burst())
	var until time.Time
	if b.policy.Pause > 0 {
		until = b.now.Add(time.Duration(b.policy.Pause))
	}
	if in.config.Pauser != nil {
		// The pause must stand also if the client has gone away.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pauseTimeout)
		defer cancel()
		key, err := in.config.Pauser.PauseKey(ctx, b.now, b.caller.KeyID, until, why)
		if err == nil {
			u.burstAddresses, u.burstListings = recent{}, recent{} // once resumed, it begins anew
			return pausedRefusal(key, b.now)
		}
	}
	return overQuota("burst_"+what, b.caller, why, b.policy.Burst())
}

// pauseTimeout bounds how long a pause may take to write.
const pauseTimeout = 5 * time.Second

// pausedMeanwhile refuses what came in just before its key was paused.
func (in *Intake) pausedMeanwhile(b *batch) *Refusal {
	return scale{config: in.config, now: b.now, caller: b.caller}.paused()
}
