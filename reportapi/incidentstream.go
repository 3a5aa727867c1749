package reportapi

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"
)

// streamIncidents writes all incidents of a search, one a line, without a copy of
// them and without asking the ledger: notes, full addresses and the times of
// events are left out.
func (s *server) streamIncidents(c *gin.Context, search search) error {
	c.Header("Content-Type", "application/x-ndjson")
	c.Status(http.StatusOK)
	encoder := json.NewEncoder(unbuffered{pacedWriter{c.Writer, newPacer(c.Writer)}})
	for entry := range s.Board.Entries(search.filter) {
		if _, counts := entry.Effective(); search.withdrawn != nil && counts == *search.withdrawn {
			continue
		}
		if err := encoder.Encode(s.viewIncident(entry)); err != nil {
			return nil // the client is gone; there is nobody to tell
		}
	}
	return nil
}
