package reportapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
)

// QueryLogger switches the log of DNS queries of this node on and off.
type QueryLogger interface {
	// StartQueryLog switches it on. Its error is for the one who asked.
	StartQueryLog(log QueryLog) (QueryLogStatus, error)
	// StopQueryLog switches it off and returns how it stood.
	StopQueryLog() QueryLogStatus
	QueryLogStatus() QueryLogStatus
}

// QueryLog is what is logged: one query in so many (0: all), for how long (0:
// the usual time), and clients' whole addresses or only their networks.
type QueryLog struct {
	Sample        int
	For           time.Duration
	FullAddresses bool
}

// QueryLogStatus is how the query log stands.
type QueryLogStatus struct {
	QueryLog
	On                bool
	Until             time.Time
	Lines, Suppressed uint64
}

type queryLogView struct {
	On            bool      `json:"on"`
	Sample        int       `json:"sample,omitempty"`
	Until         time.Time `json:"until,omitzero"`
	FullAddresses bool      `json:"full_addresses"`
	Lines         uint64    `json:"lines"`
	Suppressed    uint64    `json:"suppressed"` // there were too many within a second
}

func viewQueryLog(status QueryLogStatus) queryLogView {
	return queryLogView{status.On, status.Sample, utc(status.Until), status.FullAddresses, status.Lines, status.Suppressed}
}

// getQueryLog tells how the query log stands.
func (s *server) getQueryLog(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	return ok(c, http.StatusOK, viewQueryLog(s.QueryLogger.QueryLogStatus()))
}

// postQueryLog switches the query log on.
func (s *server) postQueryLog(c *gin.Context) error {
	o, err := s.readObject(c)
	if err != nil {
		return err
	}
	log, err := readQueryLog(o)
	if err != nil {
		return err
	}
	status, err := s.QueryLogger.StartQueryLog(log)
	if err != nil {
		return wrong("", "", err.Error(), "")
	}
	if err := s.note(c, "start", "querylog", viewQueryLog(status)); err != nil {
		s.QueryLogger.StopQueryLog() // what nobody can account for must not go on
		return err
	}
	s.Logger.InfoContext(c.Request.Context(), "query log switched on",
		"request_id", requestIDOf(c), "reporter", identityOf(c).Reporter, "key_id", identityOf(c).KeyID)
	return ok(c, http.StatusOK, viewQueryLog(status))
}

func readQueryLog(o object) (log QueryLog, err error) {
	for _, m := range o {
		switch m.name {
		case "sample":
			var text string
			if text, err = m.scalar(); err != nil {
				return log, err
			}
			if log.Sample, err = strconv.Atoi(text); err != nil || log.Sample < 1 {
				return log, wrong("sample", text, "is no number from 1", "want such as 100: one query in a hundred")
			}
		case "for":
			var text string
			if text, err = m.text(); err != nil {
				return log, err
			}
			d, err := scoring.ParseDuration(text)
			if err != nil || d <= 0 {
				return log, wrong("for", text, "is no duration", "want such as 10m or 1h")
			}
			log.For = time.Duration(d)
		case "full_addresses":
			full, err := m.boolean()
			if err != nil {
				return log, err
			}
			log.FullAddresses = full != nil && *full
		default:
			return log, m.unknown("sample", "for", "full_addresses")
		}
	}
	return log, nil
}

// deleteQueryLog switches the query log off and tells how it stood.
func (s *server) deleteQueryLog(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	status := viewQueryLog(s.QueryLogger.StopQueryLog())
	if err := s.note(c, "stop", "querylog", nil); err != nil {
		return err
	}
	return ok(c, http.StatusOK, status)
}
