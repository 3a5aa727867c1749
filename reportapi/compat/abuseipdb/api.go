package abuseipdb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// Config is what an operator decides.
type Config struct {
	// Strict answers duplicates with 429 and addresses that are never listed
	// with 422, as AbuseIPDB does, instead of 200.
	Strict bool
	// Within is how long reports of one address count once, for what Strict
	// answers.
	Within time.Duration
	// PublicURL is where clients reach the server that the API is mounted in; "":
	// where each request says it went.
	PublicURL string
}

// api answers AbuseIPDB's clients.
type api struct {
	compat.House
	Config
	tags tags // of blacklists
}

const (
	maxReport = 64 << 10        // bytes of a body with one report
	maxBulk   = 2<<20 + 64<<10  // bytes of a body with a CSV of 2 MiB in it
	noLimit   = "1000000000"    // requests a day of a key without a limit
	wait      = 5 * time.Second // that clients of an unavailable ledger are asked for
)

// Mount adds the routes of the API below a group such as /compat/abuseipdb, and
// returns how to tell what is wrong with a request that reaches none of them.
func Mount(routes gin.IRoutes, house compat.House, config Config) compat.Teller {
	a := &api{House: house, Config: config}
	routes.POST("/api/v2/report", a.serve(control.ScopeReport, maxReport, a.report))
	routes.POST("/api/v2/bulk-report", a.serve(control.ScopeBulk, maxBulk, a.bulkReport))
	routes.GET("/api/v2/check", a.serve(control.ScopeCheck, maxReport, a.check))
	routes.GET("/api/v2/check-block", a.serve(control.ScopeRead, maxReport, a.checkBlock))
	routes.GET("/api/v2/reports", a.serve(control.ScopeRead, maxReport, a.reports))
	routes.GET("/api/v2/blacklist", a.serve(control.ScopeRead, maxReport, a.blacklist))
	routes.DELETE("/api/v2/clear-address", a.serve(control.ScopeReport, maxReport, a.clearAddress))
	return a.fail
}

// call is a request whose key is good and whose parameters are read.
type call struct {
	*gin.Context
	sent   compat.Params
	caller intake.Caller
	now    time.Time
}

// serve reads a request, has it answered, and puts what is wrong with it into
// AbuseIPDB's words.
func (a *api) serve(scope control.Scope, most int64, action func(call) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		request, err := a.open(c, scope, most)
		a.tellBudget(c)
		if err == nil {
			err = action(request)
		}
		if err == nil {
			return
		}
		fault := compat.FaultOf(err)
		a.Rejected(c, fault)
		if request.caller.Reporter != "" {
			a.Logger.InfoContext(c.Request.Context(), "request in AbuseIPDB's format refused", "reporter", request.caller.Reporter,
				"route", c.FullPath(), "status", fault.Status, "parameter", fault.Parameter, "detail", fault.Detail)
		}
		a.fail(c, fault)
	}
}

// open finds out who calls, and reads the parameters.
func (a *api) open(c *gin.Context, scope control.Scope, most int64) (call, error) {
	request := call{Context: c, now: a.Now()}
	if !a.Loaded() {
		return request, unavailable("This node is still loading its ledger; send it again.")
	}
	var err error
	if request.caller, err = a.Authenticate(c, keyOf(c), scope); err != nil {
		return request, compat.NotTaken(err, &compat.Fault{Status: http.StatusUnauthorized, Detail: "Authentication failed. Your API key is either missing, incorrect, or revoked."})
	}
	request.sent, err = compat.ReadParams(c, a.House, most)
	return request, err
}

// tellBudget tells what is left to the key, if it is a good one. AbuseIPDB counts
// days and we count minutes; clients go by what remains.
func (a *api) tellBudget(c *gin.Context) {
	limit, remaining := noLimit, noLimit
	most, left, known := a.Budget(c)
	switch {
	case !known:
		return
	case most > 0:
		limit, remaining = strconv.Itoa(most), strconv.Itoa(left)
	}
	c.Header("X-RateLimit-Limit", limit)
	c.Header("X-RateLimit-Remaining", remaining)
}

// keyOf returns the key of a request. AbuseIPDB takes it from the URL, too;
// Penaltybox logs no URLs.
func keyOf(c *gin.Context) string {
	if key := strings.TrimSpace(c.GetHeader("Key")); key != "" {
		return key
	}
	return strings.TrimSpace(c.Query("key"))
}

func unavailable(detail string) error {
	return &compat.Fault{Status: http.StatusServiceUnavailable, Detail: detail, Retry: wait}
}

func wrong(parameter, detail string) error {
	return &compat.Fault{Status: http.StatusUnprocessableEntity, Parameter: parameter, Detail: detail}
}

// fault is an element of the list of errors in AbuseIPDB's answers.
type fault struct {
	Detail string  `json:"detail"`
	Status int     `json:"status"`
	Source *source `json:"source,omitempty"`
}

type source struct {
	Parameter string `json:"parameter"`
}

// fail answers with a fault. Once an answer is under way only cutting it off can
// tell that it is not whole.
func (a *api) fail(c *gin.Context, f *compat.Fault) {
	if c.Writer.Written() {
		panic(http.ErrAbortHandler)
	}
	told := fault{Detail: f.Detail, Status: f.Status}
	if f.Parameter != "" {
		told.Source = &source{f.Parameter}
	}
	f.AskToWait(c)
	if f.Status == http.StatusTooManyRequests {
		c.Header("X-RateLimit-Remaining", "0")
		c.Header("X-RateLimit-Reset", fmt.Sprint(a.Now().Add(f.Retry).Unix()))
	}
	answer(c, f.Status, struct {
		Errors []fault `json:"errors"`
	}{[]fault{told}})
}

// data answers with what was asked for.
func (c call) data(value any) error {
	answer(c.Context, http.StatusOK, struct {
		Data any `json:"data"`
	}{value})
	return nil
}

// answer writes a JSON document as people read it: "<" stays "<".
func answer(c *gin.Context, status int, body any) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		panic(fmt.Errorf("encoding an answer: %w", err)) // our own types always encode
	}
	c.Data(status, "application/json", b.Bytes())
}

// stamp writes a time as AbuseIPDB does; the zero time is null.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(stampLayout)
	return &text
}

const stampLayout = "2006-01-02T15:04:05+00:00"
