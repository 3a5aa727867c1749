package reportapi

import (
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"
)

// getBackup streams a backup of the ledger. A backup that fails half-way is
// cut off, so that no client takes a part for the whole.
func (s *server) getBackup(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	if err := s.note(c, "backup", "ledger", nil); err != nil {
		return err
	}
	name := "penaltybox-" + utc(s.Now()).Format("20060102T150405Z") + ".backup.zst"
	c.Header("Content-Type", "application/zstd")
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Status(http.StatusOK)
	if err := s.Backup(c.Request.Context(), unbuffered{pacedWriter{c.Writer, newPacer(c.Writer)}}); err != nil {
		return fmt.Errorf("writing a backup: %w", err)
	}
	return nil
}

// unbuffered hides everything but Write, so that the deadlines move.
type unbuffered struct{ io.Writer }
