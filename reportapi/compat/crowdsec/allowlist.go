package crowdsec

import (
	"fmt"
	"net/http"
	"net/netip"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
)

// getAllowlists is GET /v1/allowlists: there are none to be kept by agents,
// since exemptions are regarded here, when an alert comes in.
func (api *lapi) getAllowlists(c *gin.Context) error {
	if _, err := api.caller(c, control.ScopeRead); err != nil {
		return err
	}
	c.JSON(http.StatusOK, []string{})
	return nil
}

// checkAllowlists is GET and HEAD /v1/allowlists/check/{ip}: whether an address
// is exempt. HEAD tells by 200 or 204.
func (api *lapi) checkAllowlists(c *gin.Context) error {
	if _, err := api.caller(c, control.ScopeRead); err != nil {
		return err
	}
	addr, err := netip.ParseAddr(c.Param("ip"))
	if err != nil {
		return fmt.Errorf("ip %q: not an address", c.Param("ip"))
	}
	exemption, exempt := api.Board.Exempt(addr.Unmap(), api.Now())
	switch {
	case c.Request.Method != http.MethodHead:
		c.JSON(http.StatusOK, gin.H{"allowlisted": exempt, "reason": exemption.Reason})
	case exempt:
		c.Status(http.StatusOK)
	default:
		c.Status(http.StatusNoContent)
	}
	return nil
}
