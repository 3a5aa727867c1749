package reportapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

const (
	defaultRejected = 100
	maxRejected     = 1000
)

// getRejected tells what this node refused of late: a moderator of anybody,
// others what is their own.
func (s *server) getRejected(c *gin.Context) error {
	query, err := queryOf(c, "reporter", "limit")
	if err != nil {
		return err
	}
	limit, err := query.number("limit", defaultRejected, 1, maxRejected)
	if err != nil {
		return err
	}
	identity, reporter := identityOf(c), query.text("reporter")
	if !identity.Role.AtLeast(control.RoleModerator) {
		if reporter != "" && reporter != identity.Reporter {
			return insufficient("what was rejected of others is for moderators", "leave reporter out")
		}
		reporter = identity.Reporter
	}
	return ok(c, http.StatusOK, struct {
		Rejected []intake.Rejection `json:"rejected"`
	}{s.Rejections.List(reporter, limit)})
}

// keep keeps a rejection of the request's key.
func (s *server) keep(c *gin.Context, r intake.Rejection) {
	identity := identityOf(c)
	if identity.Reporter == "" {
		return
	}
	r.At, r.Reporter, r.KeyID, r.Route = utc(s.Now()), identity.Reporter, identity.KeyID, c.FullPath()
	s.Rejections.Add(r)
}

// keepProblem keeps a problem for the caller to look up. Whoever only looked
// something up was told.
func (s *server) keepProblem(c *gin.Context, p *problem) {
	looked := c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead
	if p.Status >= http.StatusInternalServerError || looked && p.Status != http.StatusTooManyRequests || intake.TrailOf(c.Request.Context()).Told() {
		return
	}
	r := intake.Rejection{Problem: p.Detail, Hint: p.Hint}
	if p.refusal != nil {
		r = rejectionOf(row{refusal: p.refusal})
	}
	s.keep(c, r)
}

// keepFault is [server.keepProblem] for adapters.
func (s *server) keepFault(c *gin.Context, fault *compat.Fault) {
	if fault.Status >= http.StatusInternalServerError || fault.Row == 0 && intake.TrailOf(c.Request.Context()).Told() {
		return
	}
	s.keep(c, intake.Rejection{Row: fault.Row, Field: fault.Parameter, Problem: fault.Detail})
}

// rejectionOf tells of a row that intake was never asked about.
func rejectionOf(row row) intake.Rejection {
	r := row.refusal
	return intake.Rejection{Row: row.number, IP: row.report.IP, Field: r.Field, Value: r.Value, Problem: r.Problem, Hint: r.Hint, Guard: r.Guard}
}
