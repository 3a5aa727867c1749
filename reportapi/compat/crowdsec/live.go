package crowdsec

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
)

// getDecisions is GET /v1/decisions: what is listed of an address, a range, or
// at all. Without anything the answer is the four bytes null; nginx's bouncer
// compares them.
func (api *lapi) getDecisions(c *gin.Context) {
	if !api.Loaded() {
		writeEmpty(c, noDecisions)
		return
	}
	scope := control.ScopeRead
	if asksOneAddress(c.Request.URL.Query()) {
		scope = control.ScopeCheck
	}
	if _, err := api.bouncer(c, scope); err != nil {
		api.fail(c, err)
		return
	}
	if c.Request.Method == http.MethodHead {
		c.Status(http.StatusOK)
		return
	}
	f, err := readFilter(c.Request.URL.Query())
	if err != nil {
		api.fail(c, err)
		return
	}
	c.Header("Content-Type", "application/json")
	w := api.newWriter(api.Stream(c), api.Now(), f)
	for prefix, v := range api.listed(f, w.now) {
		if w.wants(prefix, v) {
			if w.listed == 0 {
				w.buffer = append(w.buffer, '[')
			}
			w.listing(prefix, v)
		}
		if w.err != nil {
			return
		}
	}
	if w.listed == 0 {
		w.text("null")
	} else {
		w.text("]")
	}
	w.flush() // a client that went away needs no answer
}
