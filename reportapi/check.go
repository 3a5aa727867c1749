package reportapi

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// checkAge is how long a check may be kept: short, because a listing begins
// and ends to the second.
const checkAge = "private, max-age=5"

// checkView is a verdict for programs.
type checkView struct {
	IP netip.Addr `json:"ip"`
	zoneView
}

// getCheck answers whether one zone lists an address: 200 either way, as one
// line of text unless JSON is asked for.
func (s *server) getCheck(c *gin.Context) error {
	q, err := queryOf(c, "zone", "format")
	if err != nil {
		return err
	}
	addr, prefix, err := targetParam(c)
	if err != nil {
		return err
	}
	zone, err := s.zone(q.text("zone"))
	if err != nil {
		return err
	}
	format := q.text("format")
	switch {
	case format != "" && format != "text" && format != "json":
		return wrong("format", format, "is not known here", "want text or json")
	case format == "" && prefersJSON(c.GetHeader("Accept")):
		format = "json"
	}
	view := checkView{addr, s.viewZone(zone, prefix, s.Now())}
	c.Header("Cache-Control", checkAge)
	c.Writer.Header().Add("Vary", "Accept, Authorization, X-Api-Key")
	if format == "json" {
		return ok(c, http.StatusOK, view)
	}
	c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(view.line()))
	return nil
}

// line writes the verdict as one line; with the range, if one lists the address,
// and the points that list it.
func (v checkView) line() string {
	switch {
	case !v.Listed && v.Exempt != nil:
		return "clean; would be listed, " + v.Exempt.protector() + "\n"
	case v.disagreement() != "":
		return "clean; not listed: " + v.disagreement() + "\n"
	case !v.Listed:
		return "clean\n"
	}
	score, within := v.Score, ""
	if v.Range.IsValid() {
		within = " range=" + v.Range.String()
		for _, r := range v.Ranges {
			if r.Listed {
				score = max(score, r.Score)
			}
		}
	}
	line := fmt.Sprintf("listed %d until=%s %s", score, v.Until.Format(time.RFC3339), strings.Join(v.Categories, ","))
	return strings.TrimRight(line, " ") + within + "\n"
}

// prefersJSON tells whether an Accept header names JSON before any text.
func prefersJSON(accept string) bool {
	for media := range strings.SplitSeq(accept, ",") {
		media, _, _ = strings.Cut(media, ";")
		switch strings.ToLower(strings.TrimSpace(media)) {
		case jsonType, "application/*":
			return true
		case plainType, "text/*", "*/*":
			return false
		}
	}
	return false
}
