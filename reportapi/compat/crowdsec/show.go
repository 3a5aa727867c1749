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
)

// showLimit is how many alerts are shown unless a client says how many.
const showLimit = 100

// getAlerts is GET /v1/alerts, which "cscli decisions list" prints: one alert
// for each listed prefix.
func (api *lapi) getAlerts(c *gin.Context) error {
	if _, err := api.caller(c, control.ScopeRead); err != nil {
		return err
	}
	f, err := readFilter(c.Request.URL.Query())
	if err != nil {
		return err
	}
	limit := showLimit
	if text := c.Query("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 0 {
			return fmt.Errorf("limit %q: not a number; 0 shows all", text)
		}
	}
	c.Header("Content-Type", "application/json")
	w := api.newWriter(api.Stream(c), api.Now(), f)
	shown := 0
	w.text("[")
	for prefix, v := range api.listed(f, w.now) {
		if w.err != nil || limit > 0 && shown == limit {
			break
		}
		if w.wants(prefix, v) {
			if shown++; shown > 1 {
				w.buffer = append(w.buffer, ',')
			}
			w.alert(prefix, v)
		}
	}
	w.text("]")
	w.flush() // a client that went away needs no answer
	return nil
}

// getAlert is GET /v1/alerts/{id}.
func (api *lapi) getAlert(c *gin.Context) error {
	if _, err := api.caller(c, control.ScopeRead); err != nil {
		return err
	}
	prefix, err := api.numbered(c.Param("id"))
	if err != nil {
		return err
	}
	c.Header("Content-Type", "application/json")
	w := api.newWriter(api.Stream(c), api.Now(), filter{ip: true, network: true})
	w.alert(prefix, api.Board.StandingOf(prefix, api.Zone().Rule, w.now).Verdict)
	w.flush()
	c.Status(http.StatusOK)
	return nil
}

// alert writes a listing as an alert with one decision, all members there.
func (w *writer) alert(prefix netip.Prefix, v scoring.Verdict) {
	value := string(appendValue(nil, prefix))
	at := w.now.UTC().Format(time.RFC3339)
	scenario := w.scenarios.of(v.Categories)
	w.buffer = fmt.Appendf(w.buffer, `{"capacity":0,"created_at":%q,"events":[],"events_count":1,"id":%d,"labels":null,"leakspeed":"","machine_id":%q,`+
		`"message":%q,"scenario":%q,"scenario_hash":"","scenario_version":"","simulated":false,"source":{"ip":%q,"scope":%q,"value":%q},"start_at":%q,"stop_at":%q,"decisions":[`,
		at, idOf(prefix), origin, value+" is listed until "+v.Until.UTC().Format(time.RFC3339), scenario, prefix.Addr().String(), scopeOf(prefix), value, at, at)
	d := decision{prefix, scenario, v.Until.Sub(w.now).Truncate(time.Second)}
	w.buffer = d.append(w.buffer)
	w.buffer = append(w.buffer[:len(w.buffer)-1], `,"simulated":false}]}`...)
	if len(w.buffer) > answerBuffer {
		w.flush()
	}
}
