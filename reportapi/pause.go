package reportapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
)

// pauseView is a pause as answers write it.
type pauseView struct {
	At    time.Time `json:"at"`
	Until time.Time `json:"until,omitzero"`
	Why   string    `json:"why"`
}

// viewPause writes a pause; nil: there is none.
func viewPause(p control.Pause) *pauseView {
	if p.At.IsZero() {
		return nil
	}
	return &pauseView{At: utc(p.At), Until: utc(p.Until), Why: p.Why}
}

// postPause pauses a key: until a time, or until somebody resumes it.
func (s *server) postPause(c *gin.Context) error {
	o, err := s.readObject(c)
	if err != nil {
		return err
	}
	var why, ttl, until string
	for _, m := range o {
		switch m.name {
		case "why":
			why, err = m.text()
		case "ttl":
			ttl, err = m.text()
		case "until":
			until, err = m.scalar()
		default:
			err = m.unknown("why", "ttl", "until")
		}
		if err != nil {
			return err
		}
	}
	if why == "" || len(why) > maxWhy {
		return wrong("why", why, "is not 1 to 200 bytes", "say why the key is paused: its reporter is told")
	}
	now := s.Now()
	end, err := readExpiry(ttl, until, now)
	if err != nil {
		return err
	}
	key, err := s.Registrar.PauseKey(c.Request.Context(), now, c.Param("id"), end, why)
	if err != nil {
		return err
	}
	return ok(c, http.StatusOK, s.viewKey(key))
}

// maxWhy is how long the reason of a pause may be, in bytes.
const maxWhy = 200

// deletePause resumes a key.
func (s *server) deletePause(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	key, err := s.Registrar.ResumeKey(c.Request.Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return ok(c, http.StatusOK, s.viewKey(key))
}
