package crowdsec

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// deleteDecisions is DELETE /v1/decisions?ip=…: withdraws what was reported of
// one address or range, as far as the caller may.
func (api *lapi) deleteDecisions(c *gin.Context) error {
	caller, err := api.caller(c, control.ScopeReport)
	if err != nil {
		return err
	}
	f, err := readFilter(c.Request.URL.Query())
	switch {
	case err != nil:
		return err
	case f.nothing:
		return tellDeleted(c, 0)
	case f.within.IsValid() && f.within.IsSingleIP():
		return api.withdraw(c, caller, scoring.PrefixOf(f.within.Addr()), f)
	case !scoring.IsScored(f.within):
		return &fault{status: http.StatusForbidden, message: "decisions are deleted for one address or range at a time: cscli decisions delete --ip 203.0.113.7"}
	}
	return api.withdraw(c, caller, f.within, f)
}

// deleteDecision is DELETE /v1/decisions/{id}.
func (api *lapi) deleteDecision(c *gin.Context) error {
	caller, err := api.caller(c, control.ScopeReport)
	if err != nil {
		return err
	}
	prefix, err := api.numbered(c.Param("id"))
	if err != nil {
		return err
	}
	return api.withdraw(c, caller, prefix, filter{ip: true, network: true})
}

// shown names an address, or a range by its prefix.
func shown(prefix netip.Prefix) string {
	if scoring.IsRange(prefix) {
		return prefix.String()
	}
	return prefix.Addr().String()
}

// numbered returns the listed prefix that an id stands for.
func (api *lapi) numbered(text string) (netip.Prefix, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("id %q: not a number", text)
	}
	for prefix := range api.listed(filter{}, api.Now()) {
		if idOf(prefix) == id {
			return prefix, nil
		}
	}
	return netip.Prefix{}, &fault{status: http.StatusNotFound, message: "nothing is listed with the id " + text}
}

// withdraw withdraws the incidents of a prefix that count.
func (api *lapi) withdraw(c *gin.Context, caller intake.Caller, prefix netip.Prefix, f filter) error {
	now, withdrawn, kept := api.Now(), 0, 0
	verdict := api.Board.StandingOf(prefix, api.Zone().Rule, now).Verdict
	if !verdict.Listed || !f.wants(prefix, newScenarios(api.Policy()).of(verdict.Categories)) {
		return tellDeleted(c, 0)
	}
	yes := true
	for _, entry := range api.Board.Incidents(prefix) {
		if incident, counts := entry.Effective(); !counts || !incident.Expires.After(now) {
			continue
		}
		_, refusal, err := api.Intake.Amend(c.Request.Context(), now, caller, entry.Key(), intake.Change{Withdraw: &yes, Reason: "deleted with cscli"})
		switch {
		case err != nil:
			api.Logger.Warn("an incident could not be withdrawn", "reporter", caller.Reporter, "error", err)
			return &fault{status: http.StatusServiceUnavailable, message: "the ledger is not available; try again", retry: time.Second}
		case refusal != nil && refusal.Code == intake.Forbidden:
			kept++
		case refusal == nil:
			withdrawn++
		}
	}
	if kept > 0 && api.Board.StandingOf(prefix, api.Zone().Rule, now).Listed {
		return &fault{status: http.StatusForbidden, message: fmt.Sprintf("%s stays listed: %d incidents were withdrawn, but %d are of other reporters; that needs a moderator's key", shown(prefix), withdrawn, kept)}
	}
	return tellDeleted(c, withdrawn)
}

// tellDeleted tells how many decisions were deleted, by a string.
func tellDeleted(c *gin.Context, n int) error {
	c.JSON(http.StatusOK, gin.H{"nbDeleted": strconv.Itoa(n)})
	return nil
}
