package blocklistde

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// maxBody is how many bytes a report may have.
const maxBody = 64 << 10

// api answers those who report to blocklist.de.
type api struct {
	compat.House
}

// Mount adds the routes below a group such as /compat/blocklistde.
func Mount(routes gin.IRoutes, house compat.House) {
	a := &api{house}
	for _, path := range []string{"/en/httpreports.html", "/de/httpreports.html"} {
		routes.GET(path, a.serve)
		routes.POST(path, a.serve)
	}
}

// serve takes a report and answers in the format that it asks for.
func (a *api) serve(c *gin.Context) {
	sent, err := compat.ReadParams(c, a.House, maxBody)
	if err == nil {
		err = a.take(c, sent)
	}
	format := formatNamed(sent.Get("format"))
	if err == nil {
		c.Data(http.StatusOK, format.contentType, format.write(nil))
		return
	}
	fault := compat.FaultOf(err)
	a.Rejected(c, fault)
	fault.AskToWait(c)
	c.Data(fault.Status, format.contentType, format.write(fault))
}

func (a *api) take(c *gin.Context, sent compat.Params) error {
	if !a.Loaded() {
		return unavailable("this node is still loading its ledger; send it again")
	}
	caller, err := a.Authenticate(c, sent.Get("apikey"), control.ScopeReport)
	if err != nil {
		return compat.NotTaken(err, &compat.Fault{Status: http.StatusUnauthorized, Parameter: "apikey", Detail: "is missing, incorrect or revoked; ask an admin for one"})
	}
	if err = a.report(c, caller, sent); err != nil {
		fault := compat.FaultOf(err)
		a.Logger.InfoContext(c.Request.Context(), "report in blocklist.de's format refused", "reporter", caller.Reporter,
			"status", fault.Status, "parameter", fault.Parameter, "detail", fault.Detail)
	}
	return err
}

// report records a report. What is never listed and what was said already
// succeeds.
func (a *api) report(c *gin.Context, caller intake.Caller, sent compat.Params) error {
	ip := sent.Get("ip")
	if intake.Placeholder(ip) {
		return wrong("ip", fmt.Sprintf("%s is what the client should have put an address in the place of", compat.Quote(ip)))
	}
	addr, _, err := scoring.ParseTarget(ip)
	if err != nil {
		return wrong("ip", fmt.Sprintf("%s is no IPv4 or IPv6 address", compat.Quote(ip)))
	}
	kind, err := Kind(sent.Get("service"), a.Policy())
	if err != nil {
		return err
	}
	if _, special := scoring.Special(addr); special || kind == nothing {
		return nil
	}
	note := strings.TrimSuffix(sent.Get("logs"), "<br>") // which fail2ban adds
	result := a.Intake.Submit(c.Request.Context(), a.Now(), caller, "", []intake.Report{{IP: addr.String(), Kind: kind, Note: note}})[0]
	switch {
	case result.Status == intake.Unavailable:
		a.Logger.WarnContext(c.Request.Context(), "report was not stored", "reporter", caller.Reporter, "error", result.Cause)
		return unavailable("the ledger cannot be reached or cannot write now; send it again")
	case result.Status != intake.Refused || compat.Moot(result.Refusal):
		return nil
	case result.Refusal.Code == intake.OverQuota:
		fault := compat.OverQuota(result.Refusal)
		fault.Parameter = "apikey"
		return fault
	case result.Refusal.Code == intake.Forbidden:
		return &compat.Fault{Status: http.StatusForbidden, Parameter: "apikey", Detail: result.Refusal.Error()}
	}
	return wrong("service", result.Refusal.Error())
}

func unavailable(detail string) error {
	return &compat.Fault{Status: http.StatusServiceUnavailable, Detail: detail, Retry: 5 * time.Second}
}
