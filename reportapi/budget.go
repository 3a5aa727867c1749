package reportapi

import (
	"fmt"
	"hash/maphash"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"penaltybox/scoring"
)

// budgets count the requests of each key: so many a minute, which may all come
// at once. There are no more of them than keys.
type budgets struct {
	perMinute int // 0: no limit
	mu        sync.Mutex
	keys      map[string]*rate.Limiter
}

func newBudgets(perMinute int) *budgets {
	return &budgets{perMinute: perMinute, keys: map[string]*rate.Limiter{}}
}

// of returns the budget of a key.
func (b *budgets) of(keyID string) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	limiter := b.keys[keyID]
	if limiter == nil {
		limiter = rate.NewLimiter(rate.Limit(b.perMinute)/60, b.perMinute)
		b.keys[keyID] = limiter
	}
	return limiter
}

// budgetOf tells how many requests a minute the key of a request may make, and
// how many of them are left; most is 0 without a limit. Without a good key nothing
// is known.
func (s *server) budgetOf(c *gin.Context) (most, left int, known bool) {
	keyID := identityOf(c).KeyID
	if s.budgets.perMinute == 0 || keyID == "" {
		return 0, 0, keyID != ""
	}
	return s.budgets.perMinute, int(max(0, s.budgets.of(keyID).TokensAt(s.Now()))), true
}

// spend takes a request off a key's budget, and tells what is left of it in
// RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers).
func (s *server) spend(c *gin.Context, keyID string) error {
	if s.budgets.perMinute == 0 {
		return nil
	}
	now, budget := s.Now(), s.budgets.of(keyID)
	taken := budget.AllowN(now, 1)
	left := max(0, budget.TokensAt(now))
	full := math.Ceil((float64(budget.Burst()) - left) / float64(budget.Limit()))
	header := c.Writer.Header()
	header["Ratelimit-Policy"] = []string{`"key";q=` + strconv.Itoa(s.budgets.perMinute) + ";w=60"}
	header["Ratelimit"] = []string{`"key";r=` + strconv.Itoa(int(left)) + ";t=" + strconv.Itoa(int(full))}
	if taken {
		return nil
	}
	p := newProblem(http.StatusTooManyRequests, fmt.Sprintf("this key made more than %d requests within a minute", s.budgets.perMinute), "send many reports in one request, as NDJSON")
	p.retryAfter = wholeSeconds((1 - left) / float64(budget.Limit()))
	return p
}

// wholeSeconds rounds up, because a client that comes too early is refused
// again.
func wholeSeconds(seconds float64) time.Duration {
	return time.Duration(max(1, math.Ceil(seconds))) * time.Second
}

const (
	crowdSlots = 4096
	// failuresAtOnce and failureEvery bound how many wrong keys one source is
	// told about. Whoever has a right key is never held up, so that nobody can
	// lock out who shares an address with him.
	failuresAtOnce = 20
	failureEvery   = 3 * time.Second
)

// crowd bounds what each of many does, in memory that does not grow: they
// share places, which ones nobody can foretell.
type crowd[K comparable] struct {
	every  time.Duration
	atOnce int
	seed   maphash.Seed
	mu     sync.Mutex
	slots  [crowdSlots]*rate.Limiter
}

func newCrowd[K comparable](every time.Duration, atOnce int) *crowd[K] {
	return &crowd[K]{every: every, atOnce: atOnce, seed: maphash.MakeSeed()}
}

// bears tells whether one more from this one is borne.
func (cr *crowd[K]) bears(who K, now time.Time) bool {
	cr.mu.Lock()
	defer cr.mu.Unlock()
	slot := &cr.slots[maphash.Comparable(cr.seed, who)%crowdSlots]
	if *slot == nil {
		*slot = rate.NewLimiter(rate.Every(cr.every), cr.atOnce)
	}
	return (*slot).AllowN(now, 1)
}

// strangers count requests by where they came from.
type strangers struct{ *crowd[netip.Prefix] }

func newStrangers() *strangers {
	return &strangers{newCrowd[netip.Prefix](failureEvery, failuresAtOnce)}
}

// bears tells whether one more request from this source is borne.
func (st *strangers) bears(source netip.Addr, now time.Time) bool {
	prefix := netip.Prefix{}
	if source.IsValid() {
		prefix = scoring.PrefixOf(source)
	}
	return st.crowd.bears(prefix, now)
}

// tooManyFailures answers a source that keeps sending wrong keys.
func tooManyFailures() error {
	p := newProblem(http.StatusTooManyRequests, "too many wrong keys came from this address", "put the right key into whatever keeps asking")
	p.retryAfter = failureEvery
	return p
}
