package reportapi

import (
	"net/http"
	"runtime"

	"github.com/gin-gonic/gin"
)

// getHealth answers as long as the process does.
func (s *server) getHealth(c *gin.Context) error {
	return ok(c, http.StatusOK, map[string]string{"status": "ok"})
}

type readyView struct {
	Ready  bool   `json:"ready"`
	Ledger string `json:"ledger"`
}

// getReady tells whether the node has loaded its ledger. It stays ready in an
// outage: look-ups, lists and DNS go on from memory.
func (s *server) getReady(c *gin.Context) error {
	view, status := newReadyView(s.Ready())
	if !view.Ready {
		c.Header("Retry-After", "1")
	}
	c.Header("Cache-Control", "no-store")
	return ok(c, status, view)
}

// newReadyView says how a node stands, and with which status.
func newReadyView(ready bool, outage error) (readyView, int) {
	view, status := readyView{ready, "ok"}, http.StatusOK
	switch {
	case outage != nil:
		view.Ledger = "outage: " + outage.Error()
	case !ready:
		view.Ledger = "loading"
	}
	if !ready {
		status = http.StatusServiceUnavailable
	}
	return view, status
}

type versionView struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	Ledger  string `json:"ledger"` // id; empty until the ledger was reached
}

// getVersion tells what runs here.
func (s *server) getVersion(c *gin.Context) error {
	return ok(c, http.StatusOK, versionView{s.Version, runtime.Version(), s.LedgerID()})
}
