package reportapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"penaltybox/reportapi"
)

// Before there is an API, everybody is asked to come again but bouncers, which
// would exit, and whoever asks whether the server lives.
func TestStarting(t *testing.T) {
	t.Parallel()
	const stream, problem = `{"new":null,"deleted":null}`, "application/problem+json"
	for asked, want := range map[string]struct {
		status     int
		kind, body string
	}{
		"/healthz": {200, "", ""},
		"/compat/crowdsec/v1/decisions/stream?startup=true":  {200, "application/json", stream},
		"/compat/crowdsec//v1/decisions/stream?startup=true": {200, "application/json", stream},
		"/v1/decisions/stream":                               {200, "application/json", stream},
		"/v1/decisions?ip=203.0.113.7":                       {200, "application/json", "null"},
		"DELETE /v1/decisions?ip=203.0.113.7":                {503, problem, ""},
		"/compat/crowdsec/v1/watchers/login":                 {503, problem, ""},
		"/v1/check/203.0.113.7":                              {503, problem, ""},
		"/readyz":                                            {503, problem, ""},
	} {
		method, path, named := strings.Cut(asked, " ")
		if !named {
			method, path = http.MethodGet, asked
		}
		w := httptest.NewRecorder()
		reportapi.Starting().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
		if w.Code != want.status || w.Header().Get("Content-Type") != want.kind || want.body != "" && w.Body.String() != want.body || want.status == 503 && w.Header().Get("Retry-After") == "" {
			t.Errorf("%s answers %d (%s): %s", asked, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
}
