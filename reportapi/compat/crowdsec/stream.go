package crowdsec

import (
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// getStream is GET /v1/decisions/stream: with startup=true, or for a client
// that is not known, all that is listed; else what changed since the client's
// last answer.
func (api *lapi) getStream(c *gin.Context) {
	if !api.Loaded() {
		writeEmpty(c, noChanges)
		return
	}
	caller, err := api.bouncer(c, control.ScopeRead)
	if err != nil {
		api.fail(c, err)
		return
	}
	if c.Request.Method == http.MethodHead { // asks whether the key is good
		c.Status(http.StatusOK)
		return
	}
	f, err := readFilter(c.Request.URL.Query())
	if err != nil {
		api.fail(c, err)
		return
	}
	poll := &poll{
		lapi: api, writer: api.newWriter(api.Stream(c), api.Now(), f), zone: api.Zone(),
		caller: caller, client: api.cursors.client(c.Request, api.Source(c)),
	}
	c.Header("Content-Type", "application/json")
	poll.answer(c)
}

// The answers of a node that has not loaded its ledger, of which nothing can be
// told to anybody yet.
const (
	noChanges   = `{"new":null,"deleted":null}`
	noDecisions = "null"
)

// WhileLoading returns what a bouncer is answered on a path, /v1/decisions or the
// stream of changes, before keys and listings are known: nothing. Bouncers exit
// when their first request fails; who asks again later gets everything.
func WhileLoading(path string) (answer string, known bool) {
	switch path {
	case "/v1/decisions":
		return noDecisions, true
	case "/v1/decisions/stream":
		return noChanges, true
	}
	return "", false
}

func writeEmpty(c *gin.Context, text string) {
	c.Data(http.StatusOK, "application/json", []byte(text))
}

// poll is one request of one client.
type poll struct {
	*lapi
	*writer
	zone   compat.Zone
	caller intake.Caller
	client client
}

// answer writes an answer, and moves the cursor when it was written whole.
func (p *poll) answer(c *gin.Context) {
	startup := c.Query("startup") == "true"
	known, ok := p.cursors.get(p.caller, p.client)
	next := cursor{zone: p.zone.Name, rule: p.zone.Index, before: known.after, connection: c.Request.RemoteAddr, used: p.now}
	told, lost := false, ok && known.again > 0 && known.connection != c.Request.RemoteAddr
	if ok && !startup && !lost && known.zone == p.zone.Name && known.rule == p.zone.Index {
		next.after, told = p.changes(known.from(c.Request))
	}
	if !told {
		next.after = p.everything(c, startup)
		next.before = next.after
		switch {
		case startup: // asks for it again by itself
		case lost:
			next.again = known.again - 1
		default:
			next.again = fullAgain
		}
	}
	if p.flush(); errors.Is(p.err, errOvertaken) {
		p.Logger.InfoContext(c.Request.Context(), "an answer took too long and was cut off", "reporter", p.caller.Reporter, "error", p.err)
		panic(http.ErrAbortHandler) // so that nobody takes it for whole
	}
	if p.err != nil || c.Request.Context().Err() != nil {
		return
	}
	p.cursors.put(p.caller, p.client, next)
}

// everything writes all that is listed. Who is not at its start may hold what
// is listed no more: that is deleted.
func (p *poll) everything(c *gin.Context, startup bool) place {
	reached := place{p.Board.Version(), p.now} // before the list, so that what changes meanwhile is told later
	spared := map[netip.Prefix]bool{}
	p.text(`{"deleted":[`)
	if !startup {
		for _, prefix := range p.spared.get(p.Board, p.zone.Index, reached.version, p.now) {
			spared[prefix] = true
			p.ended(prefix, 0)
		}
	}
	p.text(`],"new":[`)
	p.flush()
	c.Writer.Flush() // clients wait for the first byte with a limit
	for prefix, v := range p.Board.Index().Live(p.zone.Index, p.zone.Rule.Categories, p.now) {
		if p.wants(prefix, v) && !spared[prefix] {
			p.listing(prefix, v)
		}
		if p.err != nil {
			break
		}
	}
	p.text(`]}`)
	return reached
}

// changes writes what changed after a place, or nothing if the log does not
// reach back to it.
func (p *poll) changes(from place) (place, bool) {
	w := p.newWindow(from)
	if !w.read(0) {
		return place{}, false
	}
	p.text(`{"deleted":[`)
	for prefix, at := range w.all() {
		if at.held && !p.wants(prefix, at.verdict()) {
			p.ended(prefix, at.known)
		}
	}
	p.text(`],"new":[`)
	for prefix, at := range w.all() {
		if v := at.verdict(); p.wants(prefix, v) {
			p.listing(prefix, v)
		}
	}
	p.text(`]}`)
	return place{w.end, p.now}, true
}

// sparedCache keeps what is spared for the clients that ask for it within one
// second, which after a restart are all of them.
type sparedCache struct {
	mu       sync.Mutex
	rule     int
	version  uint64
	at       time.Time
	prefixes []netip.Prefix
}

func (s *sparedCache) get(board compat.Board, rule int, version uint64, now time.Time) []netip.Prefix {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at.IsZero() || s.rule != rule || s.version != version || !s.at.Equal(now) {
		s.rule, s.version, s.at, s.prefixes = rule, version, now, board.Spared(rule, now)
	}
	return s.prefixes
}
