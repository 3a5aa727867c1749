package pages

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"
)

// lookupPage is what anybody is told about an address: whether it is listed,
// for what and how long. Points, reporters and notes are not for strangers.
type lookupPage struct {
	Asked     string
	Problem   string
	Addr      netip.Addr
	Standings []Standing
}

// Any tells whether some zone lists the address.
func (l lookupPage) Any() bool {
	for _, standing := range l.Standings {
		if standing.Listed {
			return true
		}
	}
	return false
}

// lookup shows the form, and what is known of the address that ?ip= names.
func (p *pages) lookup(c *gin.Context) {
	page := lookupPage{Asked: strings.TrimSpace(c.Request.Form.Get("ip"))}
	if page.Asked == "" {
		p.show(c, http.StatusOK, "lookup.html", page)
		return
	}
	addr, err := netip.ParseAddr(page.Asked)
	switch {
	case err != nil || addr.Zone() != "":
		page.Problem = "This is no IP address; want one such as 203.0.113.7 or 2001:db8::7."
		p.show(c, http.StatusBadRequest, "lookup.html", page)
	case !p.Admits(c):
		page.Problem = "You have looked up many addresses within a short time; wait a minute."
		c.Header("Retry-After", "60")
		p.show(c, http.StatusTooManyRequests, "lookup.html", page)
	default:
		page.Addr = addr.Unmap()
		page.Standings = p.Standings(page.Addr)
		p.show(c, http.StatusOK, "lookup.html", page)
	}
}
