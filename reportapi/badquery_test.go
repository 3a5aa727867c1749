package reportapi_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"penaltybox/scoring/control"
)

// Filters of CrowdSec's bouncers that are malformed choose nothing more than
// they say, or are refused; parameters that AbuseIPDB's clients make up do not
// matter.
func TestRoutes_malformed_queries(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	for query, want := range map[string]struct {
		status int
		listed bool
	}{
		"crowdsec/v1/decisions/stream?startup=true&scopes=":                          {200, true},
		"crowdsec/v1/decisions/stream?startup=true&scopes=,,Ip,%00":                  {200, true},
		"crowdsec/v1/decisions/stream?startup=true&scopes=galaxy":                    {200, false},
		"crowdsec/v1/decisions/stream?startup=true&origins=%ff%fe":                   {200, false},
		"crowdsec/v1/decisions/stream?startup=true&origins=,":                        {200, true},
		"crowdsec/v1/decisions/stream?startup=true&scenarios_containing=%5B(*%00":    {200, false},
		"crowdsec/v1/decisions/stream?startup=true&scenarios_containing=,":           {200, true},
		"crowdsec/v1/decisions/stream?startup=true&scenarios_not_containing=%5B(*":   {200, true},
		"crowdsec/v1/decisions/stream?startup=true&scenarios_not_containing=ssh":     {200, false},
		"crowdsec/v1/decisions/stream?startup=true&made_up=1&scopes[]=x":             {200, true},
		"crowdsec/v1/decisions?ip=%00":                                               {400, false},
		"crowdsec/v1/decisions?range=203.0.113.0/33":                                 {400, false},
		"crowdsec/v1/alerts?limit=-1":                                                {400, false},
		"crowdsec/v1/alerts?limit=1e9":                                               {400, false},
		"abuseipdb/api/v2/check?ipAddress=203.0.113.7&made_up=%ff&maxAgeInDays[]=30": {200, true},
		"abuseipdb/api/v2/check?ipAddress=203.0.113.7&made_up=%zz":                   {422, false},
		"abuseipdb/api/v2/blacklist?made_up=1&confidenceMinimum=90":                  {200, true},
		"abuseipdb/api/v2/blacklist?confidenceMinimum=" + strings.Repeat("9", 400):   {422, false},
	} {
		key := n.keys[control.RoleAdmin]
		line, w := "GET /compat/"+query, httptest.NewRecorder()
		n.ServeHTTP(w, n.request(call{line: line, headers: []string{"Key: " + key, "X-Api-Key: " + key}}))
		if w.Code != want.status || want.status == 200 && strings.Contains(w.Body.String(), "203.0.113.7") != want.listed || !json.Valid(w.Body.Bytes()) || w.Code >= 400 && !inOwnShape(line, w) {
			t.Errorf("%s answers %d: %.300s", query, w.Code, w.Body)
		}
	}
}
