package intake

import (
	"context"
	"strings"
	"sync/atomic"
	"time"
)

// Rejection is a request that was refused, for its reporter to look up: many
// clients show nothing of an answer but its status. It never holds a note.
type Rejection struct {
	At       time.Time `json:"at"`    // the last time
	Count    int       `json:"count"` // how often in a row
	Reporter string    `json:"reporter"`
	KeyID    string    `json:"key_id,omitempty"`
	Route    string    `json:"route"`         // where it came in
	Row      int       `json:"row,omitempty"` // of many, from 1; 0: not told
	IP       string    `json:"ip,omitempty"`  // what was reported, as it was written
	Field    string    `json:"field,omitempty"`
	Value    string    `json:"value,omitempty"` // what stood in the field, if that is no note
	Problem  string    `json:"problem"`
	Hint     string    `json:"hint,omitempty"`
	Guard    string    `json:"guard,omitempty"` // the policy's setting, or "paused"

	order uint64
}

// rejectionOf tells of a refused report.
func rejectionOf(now time.Time, caller Caller, report Report, refusal *Refusal) Rejection {
	return Rejection{
		At: now, Reporter: caller.Reporter, KeyID: caller.KeyID, IP: report.IP,
		Field: refusal.Field, Value: refusal.Value, Problem: refusal.Problem, Hint: refusal.Hint, Guard: refusal.Guard,
	}
}

// same tells whether a rejection repeats another.
func (r Rejection) same(other Rejection) bool {
	r.At, r.Count, r.order = other.At, other.Count, other.order
	return r == other
}

// keepable are the fields whose values may be kept: any other may hold a note,
// put there by mistake.
func keepable(field string) bool {
	switch field {
	case "ip", "kind", "category", "categories", "points", "observed", "time", "timestamp", "ttl", "expires", "id", "key", "service":
		return true
	}
	return false
}

// cleaned returns a rejection as it is kept: short, of one line, without a note.
func (r Rejection) cleaned() Rejection {
	if !keepable(r.Field) {
		r.Value = ""
	}
	for text, most := range map[*string]int{&r.IP: 64, &r.Field: 64, &r.Value: 80, &r.Problem: 400, &r.Hint: 200, &r.Route: 100} {
		*text = oneLine(*text, most)
	}
	return r
}

// oneLine cuts a text, and takes out what would disturb a terminal.
func oneLine(text string, most int) string {
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
}

// Trail follows one request: where it came in, and whether anything of it was
// refused that its reporter can look up.
type Trail struct {
	Route string
	told  atomic.Bool
}

// Told tells whether a rejection of the request is kept already.
func (t *Trail) Told() bool { return t != nil && t.told.Load() }

type trailKey struct{}

// WithTrail says which request reports belong to.
func WithTrail(ctx context.Context, trail *Trail) context.Context {
	return context.WithValue(ctx, trailKey{}, trail)
}

// TrailOf returns the trail of a request; nil: it has none.
func TrailOf(ctx context.Context) *Trail {
	trail, _ := ctx.Value(trailKey{}).(*Trail)
	return trail
}

// reject keeps what was refused of a call.
func (in *Intake) reject(ctx context.Context, now time.Time, caller Caller, reports []Report, results []Result) {
	if in.config.Rejections == nil {
		return
	}
	trail := TrailOf(ctx)
	for i, result := range results {
		if result.Status != Refused {
			continue
		}
		r := rejectionOf(now, caller, reports[i], result.Refusal)
		if trail != nil {
			r.Route = trail.Route
			trail.told.Store(true)
		}
		in.config.Rejections.Add(r)
	}
}
