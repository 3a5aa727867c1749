package rspamd

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// maxBody is how many bytes the metadata of a mail may have; symbols' options
// and recipients can be many.
const maxBody = 1 << 20

// api answers metadata_exporter.
type api struct {
	compat.House
}

// Mount adds the route below a group such as /compat/rspamd.
func Mount(routes gin.IRoutes, house compat.House) {
	a := &api{house}
	routes.POST("/metadata", a.serve)
}

// answer is what rspamd's log does not show, but curl does.
type answer struct {
	Status intake.Status `json:"status"`
	Why    string        `json:"why,omitempty"`
}

func (a *api) serve(c *gin.Context) {
	told, err := a.take(c)
	if err == nil {
		c.JSON(http.StatusOK, told)
		return
	}
	fault := compat.FaultOf(err)
	a.Rejected(c, fault)
	fault.AskToWait(c)
	if fault.Status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Basic realm="penaltybox"`)
	}
	c.JSON(fault.Status, answer{intake.Refused, fault.Detail})
}

func (a *api) take(c *gin.Context) (answer, error) {
	if !a.Loaded() {
		return answer{}, unavailable("this node is still loading its ledger")
	}
	caller, err := a.Authenticate(c, keyOf(c.Request), control.ScopeReport)
	if err != nil {
		return answer{}, compat.NotTaken(err, &compat.Fault{Status: http.StatusUnauthorized, Detail: "the key is missing, incorrect or revoked; give it as password in metadata_exporter's rule"})
	}
	told, err := a.report(c, caller)
	if err != nil {
		fault := compat.FaultOf(err)
		a.Logger.InfoContext(c.Request.Context(), "mail told by rspamd refused", "reporter", caller.Reporter, "status", fault.Status, "detail", fault.Detail)
	}
	return told, err
}

func (a *api) report(c *gin.Context, caller intake.Caller) (answer, error) {
	body, err := a.Body(c, maxBody)
	if err != nil {
		return answer{}, err
	}
	mail, err := readMail(body)
	if err != nil {
		return answer{}, err
	}
	report, none, err := mail.report()
	if err != nil {
		return answer{}, err
	}
	if none != "" {
		return answer{intake.Ignored, none}, nil
	}
	result := a.Intake.Submit(c.Request.Context(), a.Now(), caller, "", []intake.Report{report})[0]
	switch {
	case result.Status == intake.Unavailable:
		a.Logger.WarnContext(c.Request.Context(), "report was not stored", "reporter", caller.Reporter, "error", result.Cause)
		return answer{}, unavailable("the ledger cannot be reached or cannot write now")
	case result.Status != intake.Refused:
		return answer{result.Status, result.Ignored}, nil
	case compat.Moot(result.Refusal), result.Refusal.Code == intake.Conflict:
		return answer{intake.Ignored, result.Refusal.Error()}, nil
	case result.Refusal.Code == intake.OverQuota:
		return answer{}, compat.OverQuota(result.Refusal)
	case result.Refusal.Code == intake.Forbidden:
		return answer{}, &compat.Fault{Status: http.StatusForbidden, Detail: result.Refusal.Error()}
	}
	return answer{}, wrong(result.Refusal.Error())
}

// keyOf returns the key: the password of whomever (RFC 7617 §2), which is what
// rspamd can send, or what stands in a header.
func keyOf(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return strings.TrimSpace(password)
	}
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return strings.TrimSpace(r.Header.Get("X-Api-Key"))
}

func unavailable(detail string) error {
	return &compat.Fault{Status: http.StatusServiceUnavailable, Detail: detail, Retry: 5 * time.Second}
}
