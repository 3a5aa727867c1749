package crowdsec

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// maxAlerts is the most bytes that a request of alerts may have, before and
// after decompression. Alerts hold events, which hold log lines.
const maxAlerts = 32 << 20

// postAlerts is POST /v1/alerts. An agent sends what is refused again and
// again, so a single alert that cannot be taken is told to the log, not to the
// agent; a person who uses cscli is told.
func (api *lapi) postAlerts(c *gin.Context) error {
	caller, err := api.caller(c, control.ScopeReport)
	if err != nil {
		return err
	}
	body, err := api.Body(c, maxAlerts)
	if err != nil {
		return err
	}
	alerts, err := decodeAlerts(body)
	if err != nil {
		return err
	}
	policy, zone := api.Policy(), api.Zone()
	var reports []intake.Report
	ids := make([]string, len(alerts))
	for i, a := range alerts {
		ids[i] = strconv.Itoa(i + 1) // nobody asks by it
		if why := a.passed(); why != "" {
			api.Logger.Info("an alert was passed over", "reporter", caller.Reporter, "scenario", a.Scenario, "reason", why)
			continue
		}
		if err := decidable(a); err != nil {
			return err
		}
		reports = append(reports, a.reports(policy, zone.Rule)...)
	}
	results := api.Intake.Submit(c.Request.Context(), api.Now(), caller, "", reports)
	if err := api.told(caller, reports, results); err != nil {
		return err
	}
	c.JSON(http.StatusCreated, ids)
	return nil
}

// decidable refuses decisions that mean something else than a listing.
func decidable(a alert) error {
	for _, v := range a.Decisions {
		if v.manual() && v.Type != "" && v.Type != "ban" {
			return &fault{status: http.StatusUnprocessableEntity, message: "type " + strconv.Quote(v.Type) + ": only ban is known here"}
		}
	}
	return nil
}

// told tells the log what was not recorded, and returns what the client must
// know.
func (api *lapi) told(caller intake.Caller, reports []intake.Report, results []intake.Result) error {
	var must error
	for i, result := range results {
		manual := reports[i].Kind == "other.manual"
		switch result.Status {
		case intake.Unavailable:
			api.Logger.Warn("an alert could not be stored", "reporter", caller.Reporter, "error", result.Cause)
			return &fault{status: http.StatusServiceUnavailable, message: "the ledger is not available; send the alerts again", retry: time.Second}
		case intake.Refused:
			api.Logger.Info("an alert was refused", "reporter", caller.Reporter, "reason", result.Refusal)
			// An agent would send what is over its quota every second, and
			// keep it until then.
			if manual || result.Refusal.Field == "key" && result.Refusal.Code != intake.OverQuota {
				must = errors.Join(must, result.Refusal)
			}
		case intake.Ignored:
			api.Logger.Info("an alert was ignored", "reporter", caller.Reporter, "ip", reports[i].IP, "reason", result.Ignored)
			if manual {
				must = errors.Join(must, errors.New(reports[i].IP+" was not listed: "+result.Ignored))
			}
		}
	}
	if must == nil {
		return nil
	}
	var refusal *intake.Refusal
	if errors.As(must, &refusal) && refusal.Code == intake.OverQuota {
		return &fault{http.StatusTooManyRequests, must.Error(), refusal.Retry}
	}
	if refusal != nil && refusal.Code == intake.Forbidden {
		return &fault{status: http.StatusForbidden, message: must.Error()}
	}
	return &fault{status: http.StatusUnprocessableEntity, message: must.Error()}
}
