package reportapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"penaltybox/reportapi/coding"
	"penaltybox/reportapi/compat"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// Zone is a zone as far as answers over HTTP need it.
type Zone struct {
	Name  string
	Rule  scoring.Rule
	Index int // of the rule on the scoreboard
	// Codes are the return codes that differ from the policy's.
	Codes scoring.Codes
	// Contact is where people look a listing up; empty: nowhere.
	Contact string
}

// Board is what the API asks of the scoreboard.
type Board interface {
	Verdicts
	Entries
	Listings
	Previews
	Summaries
	compat.Feed
}

// Verdicts tells how an address stands.
type Verdicts interface {
	Standing(addr netip.Addr, rule scoring.Rule, now time.Time) scoring.Standing
	// StandingOf is Standing of a scored prefix, which may be a range.
	StandingOf(prefix netip.Prefix, rule scoring.Rule, now time.Time) scoring.Standing
	Exempt(addr netip.Addr, now time.Time) (scoring.Exemption, bool)
	// ProtectingOf tells all that protects a scored prefix, listed or not.
	ProtectingOf(prefix netip.Prefix, now time.Time) []scoring.Exemption
}

// Entries tells the incidents on the scoreboard.
type Entries interface {
	Find(key scoring.Key) (scoring.Entry, bool)
	Incidents(prefix netip.Prefix) []scoring.Entry
	// Countings tells what each of them counts under a rule, and why.
	Countings(prefix netip.Prefix, rule scoring.Rule, now time.Time) []scoring.Counting
	// Covering returns the ranges around a prefix that have incidents.
	Covering(prefix netip.Prefix) []netip.Prefix
	Recent(filter scoring.Filter, before scoring.Cursor, limit int) ([]scoring.Entry, scoring.Cursor)
	// Entries yields all that a filter chooses, in no order.
	Entries(filter scoring.Filter) iter.Seq[scoring.Entry]
}

// Listings tells what a rule lists, and whether that may have changed.
type Listings interface {
	// Roll calls what any rule lists, from all incidents.
	Roll(rule scoring.Rule, since, now time.Time) *scoring.Roll
	Listings(rule scoring.Rule, now time.Time) []scoring.Listing
	// Index finds the same by the zones' own rules, much quicker.
	Index() *scoring.Index
	// Version moves with every change of a zone's verdicts, SetVersion only
	// when a rule lists other prefixes than before. What they tell the index
	// has already.
	Version() uint64
	SetVersion(rule int) uint64
	ChangesSince(version uint64) ([]scoring.Change, bool)
	// Follow tells the changes of one rule after a version, until the newest.
	Follow(rule int, version uint64, tell func(scoring.Change)) (uint64, bool)
	// ExemptWithin tells whether a prefix must not be named as a whole.
	ExemptWithin(prefix netip.Prefix, now time.Time) bool
}

// Previews tells what a policy, other protected sets, or another trust would
// change.
type Previews interface {
	Preview(policy scoring.Policy, now time.Time) ([]scoring.Change, error)
	PreviewProtected(sets []scoring.ProtectedSet, now time.Time) []scoring.Change
	PreviewTrust(trust scoring.Trust, now time.Time) scoring.TrustEffect
	// Backers tells whose incidents of each prefix count by a trust.
	Backers(prefixes []netip.Prefix, trust scoring.Trust, now time.Time) [][]scoring.ReporterNumber
}

// Details is what the API asks of a ledger: the parts of an incident that the
// scoreboard does not hold.
type Details interface {
	Details(ctx context.Context, keys []scoring.Key) ([]scoring.Entry, error)
}

// Registry is where the API's metrics go and where /metrics reads from.
type Registry interface {
	prometheus.Registerer
	prometheus.Gatherer
}

// Config is what the API is made of. Everything is needed but LastReport, Rejections, Logger
// (silent without one), TrustedProxies, ServeMetrics and Version.
type Config struct {
	Board     Board
	Intake    *intake.Intake
	Book      *control.Book
	Registrar *control.Registrar
	Details   Details
	Audit     Audit
	Eraser    Eraser
	// Zones returns the zones; the first answers where a request names none.
	// They may change while the API serves; they then come in another slice.
	Zones       func() []Zone
	Explainer   Explainer
	Publisher   Publisher
	QueryLogger QueryLogger
	Clients     ClientFiles   // nil: none are given out
	Webhooks    WebhookTester // nil: this node sends none
	// KeyUsed is told of every request with a key that is taken; nil: nobody is.
	KeyUsed func(now time.Time, keyID string, source netip.Addr)

	Now func() time.Time // the ledger's time
	// Ready tells whether the node has loaded its ledger once, and why it
	// cannot follow it right now (nil when it can).
	Ready    func() (ready bool, outage error)
	Backup   func(ctx context.Context, w io.Writer) error
	LedgerID func() string
	Version  string
	// Rejections keeps what was refused; nil: nothing does.
	Rejections *intake.Rejections
	// LastReport is when a reporter last reported, as far as is known; nil: only
	// the scoreboard tells.
	LastReport func(scoring.ReporterNumber) time.Time

	Registry     Registry
	ServeMetrics bool // /metrics here, for this machine, and for keys that may read
	Logger       *slog.Logger
	// SlowRequest is how long a request takes that is logged; 0: none is.
	SlowRequest time.Duration
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	Foreign        Foreign
	// PublicURL is where others reach the API (https://box.example); "": where
	// each request says it went.
	PublicURL string
	// KeyRate is how many requests a minute each key may make; 0: as many as it
	// likes.
	KeyRate int
	// CORSOrigins are the web sites (https://forum.example; "*" is all) whose
	// pages may look addresses up in their visitors' browsers.
	CORSOrigins []string
}

func (c Config) validate() error {
	var missing []error
	for name, absent := range map[string]bool{
		"board": c.Board == nil, "intake": c.Intake == nil, "book": c.Book == nil,
		"registrar": c.Registrar == nil, "details": c.Details == nil, "audit": c.Audit == nil, "eraser": c.Eraser == nil, "zones": c.Zones == nil || len(c.Zones()) == 0,
		"publisher": c.Publisher == nil,
		"explainer": c.Explainer == nil, "query logger": c.QueryLogger == nil,
		"now": c.Now == nil, "ready": c.Ready == nil, "backup": c.Backup == nil,
		"ledger id": c.LedgerID == nil, "registry": c.Registry == nil,
	} {
		if absent {
			missing = append(missing, fmt.Errorf("%s is missing", name))
		}
	}
	if c.KeyRate < 0 {
		missing = append(missing, fmt.Errorf("key rate %d: negative", c.KeyRate))
	}
	return errors.Join(append(missing, CheckOrigins(c.CORSOrigins))...)
}

// server holds what the handlers share.
type server struct {
	Config
	meters    *meters
	lists     *listCache
	codings   *coding.Codings
	budgets   *budgets
	strangers *strangers // by wrong keys
	visitors  *strangers // by look-ups on the page
	askers    *strangers // by requests for removal
	passwords *passwords
	origin    *http.CrossOriginProtection
	epoch     uint64 // of the cursors that we give out
	begun     begun
	formats   map[string]format // foreign ones, by the names of their folders
}

// New returns the handler of all routes, for a scoreboard that was loaded once. It
// registers its metrics, so that a registry serves one handler.
func New(config Config) (http.Handler, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("making the HTTP API: %w", err)
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	meters, err := newMeters(config.Registry)
	if err != nil {
		return nil, fmt.Errorf("making the HTTP API: %w", err)
	}
	s := &server{Config: config, meters: meters, lists: newListCache(), codings: coding.New(), budgets: newBudgets(config.KeyRate), strangers: newStrangers(), visitors: newStrangers(), askers: newStrangers(), passwords: newPasswords(), origin: http.NewCrossOriginProtection(), epoch: rand.Uint64() | 1}
	s.begun = begun{config.Now(), config.Board.Version()}
	engine, err := s.engine()
	if err != nil {
		return nil, fmt.Errorf("making the HTTP API: %w", err)
	}
	return newFront(engine), nil
}

func (s *server) engine() (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode) // else gin writes its routes to standard output
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	// clientAddr finds the client; gin's own way trusts more (any Unix socket).
	if err := engine.SetTrustedProxies(nil); err != nil {
		return nil, err
	}
	engine.Use(s.requestID, s.observe, s.recover, s.cors, s.encode)
	engine.NoRoute(s.stray(s.noRoute))
	engine.NoMethod(s.stray(noMethod))
	s.openRoutes(engine)
	native := engine.Group("/v1", noStore, s.loaded)
	s.nativeRoutes(native)
	s.adminRoutes(native)
	s.removalRoutes(engine.Group("/removal", noStore, s.loaded))
	s.get(engine.Group("/lists", noStore, s.loaded, s.needKeyInPath), "/:key/:format", s.answer(s.getBlocklist))
	s.clientRoutes(engine.Group("/clients"))
	if err := s.foreignRoutes(engine.Group(foreignFolder, noStore)); err != nil {
		return nil, err
	}
	s.collectPaths(engine.Routes())
	if err := s.peopleRoutes(engine.Group("", s.loaded)); err != nil {
		return nil, err
	}
	return engine, nil
}

// zone returns the zone of a name; "" stands for the first.
func (s *server) zone(name string) (*Zone, error) {
	zones := s.Zones()
	if name == "" {
		return &zones[0], nil
	}
	for i := range zones {
		if sameName(zones[i].Name, name) {
			return &zones[i], nil
		}
	}
	return nil, s.unknownZone(name)
}

// sameName tells whether two zones are one: names match without regard to case,
// and to the final dot (RFC 4343).
func sameName(one, other string) bool {
	return strings.EqualFold(strings.TrimSuffix(one, "."), strings.TrimSuffix(other, "."))
}
