package reportapi

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"penaltybox/reportapi/compat/crowdsec"
)

// Starting answers in place of the API while there is none yet: that it is to be
// asked again. CrowdSec's bouncers, which exit when their first request fails, are
// told of no decisions; they ask again by themselves, and get everything then.
func Starting() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			w.WriteHeader(http.StatusOK)
			return
		}
		path := strings.TrimPrefix(strings.TrimRight(squeeze(r.URL.Path), "/"), crowdsecFolder)
		if answer, known := crowdsec.WhileLoading(path); known && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			w.Header().Set("Content-Type", jsonType)
			_, _ = io.WriteString(w, answer) // a client that left needs no answer
			return
		}
		w.Header().Set("Content-Type", problemType)
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"still loading the ledger","hint":"try again in a moment"}`)
	})
}
