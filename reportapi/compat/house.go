package compat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// Zone is the zone that answers clients which cannot name one: the first.
type Zone struct {
	Name  string
	Rule  scoring.Rule
	Index int // of the rule on the scoreboard
}

// Intake takes reports, and changes what was reported.
type Intake interface {
	Submit(ctx context.Context, now time.Time, caller intake.Caller, idempotencyKey string, reports []intake.Report) []intake.Result
	Amend(ctx context.Context, now time.Time, caller intake.Caller, key scoring.Key, change intake.Change) (scoring.Entry, *intake.Refusal, error)
}

// Board tells verdicts, incidents, listings and their changes.
type Board interface {
	Standing(addr netip.Addr, rule scoring.Rule, now time.Time) scoring.Standing
	StandingOf(prefix netip.Prefix, rule scoring.Rule, now time.Time) scoring.Standing
	Exempt(addr netip.Addr, now time.Time) (scoring.Exemption, bool)
	Find(key scoring.Key) (scoring.Entry, bool)
	Incidents(prefix netip.Prefix) []scoring.Entry
	Recent(filter scoring.Filter, before scoring.Cursor, limit int) ([]scoring.Entry, scoring.Cursor)
	Listings(rule scoring.Rule, now time.Time) []scoring.Listing
	Index() *scoring.Index
	ExemptWithin(prefix netip.Prefix, now time.Time) bool
	Version() uint64
	SetVersion(rule int) uint64
	ChangesSince(version uint64) ([]scoring.Change, bool)
	Feed
}

// Feed tells what a rule of the scoreboard's says, and how that changes, to
// readers who are many and keep no copy.
type Feed interface {
	Verdict(addr netip.Addr, rule int, now time.Time) scoring.Verdict
	VersionAt(moment time.Time) uint64
	Follow(rule int, version uint64, tell func(scoring.Change)) (uint64, bool)
	Spared(rule int, now time.Time) []netip.Prefix
}

// House is what adapters ask of the server that they are mounted in. All of it
// is needed.
type House struct {
	// Authenticate returns who a key stands for and where the request came
	// from, if the key may do what the scope names ("": nothing in particular).
	// The caller appears in the server's logs. The reason why a key is not taken
	// is for the log: clients are told that it is not. A [*Fault] is for them, too:
	// the key is good, and not for this.
	Authenticate func(c *gin.Context, key string, scope control.Scope) (intake.Caller, error)
	// Budget tells how many requests a minute the key of a request that went
	// through Authenticate may make, and how many of them are left; most is 0
	// where there is no limit. It is not known of requests without a good key.
	Budget func(c *gin.Context) (most, left int, known bool)
	// Body returns the body of a request without its Content-Encoding (gzip or
	// zstd; it fails for others). Reading it fails with [*http.MaxBytesError]
	// after most bytes, before or after decompression; with a [*Fault] when it is
	// damaged or a bomb; and when it comes too slowly.
	Body func(c *gin.Context, most int64) (io.Reader, error)
	// Stream is the way out for long answers: they may take as long as they are
	// read.
	Stream func(c *gin.Context) io.Writer

	Intake Intake
	Board  Board
	// Details returns what the scoreboard does not hold of incidents: full
	// address, time of the event, note.
	Details func(ctx context.Context, keys []scoring.Key) ([]scoring.Entry, error)
	Policy  func() scoring.Policy
	Zone    func() Zone
	// Reporter returns the name that goes with a number.
	Reporter func(scoring.ReporterNumber) string

	// Source is where the request came from, behind trusted proxies; invalid
	// when it cannot be told.
	Source func(c *gin.Context) netip.Addr
	Now    func() time.Time // the ledger's time
	// Rejected keeps a fault for the caller to look up later. Of what intake
	// refused that is done already, and one of such a request is passed over.
	Rejected func(c *gin.Context, fault *Fault)
	// Loaded tells whether the node has read its ledger once. Before that
	// neither keys nor listings are known.
	Loaded func() bool
	Logger *slog.Logger
}

// Validate tells what is missing.
func (h House) Validate() error {
	var missing []error
	for _, part := range []struct {
		name   string
		absent bool
	}{
		{"authenticate", h.Authenticate == nil},
		{"budget", h.Budget == nil},
		{"body", h.Body == nil},
		{"stream", h.Stream == nil},
		{"intake", h.Intake == nil},
		{"board", h.Board == nil},
		{"details", h.Details == nil},
		{"policy", h.Policy == nil},
		{"zone", h.Zone == nil},
		{"reporter", h.Reporter == nil},
		{"source", h.Source == nil},
		{"now", h.Now == nil},
		{"rejected", h.Rejected == nil},
		{"loaded", h.Loaded == nil},
		{"logger", h.Logger == nil},
	} {
		if part.absent {
			missing = append(missing, fmt.Errorf("%s is missing", part.name))
		}
	}
	return errors.Join(missing...)
}
