package reportapi

import (
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/coding"
)

// cursorHeader is where a list says from which moment on its changes can be
// asked for.
const cursorHeader = "Penaltybox-Cursor"

// getBlocklist tells what a zone lists. Another threshold, or some of the
// zone's categories, are reckoned from the points themselves, so that every
// list is exact.
func (s *server) getBlocklist(c *gin.Context) error {
	query, err := s.readListQuery(c)
	if err != nil {
		return err
	}
	if query.feed {
		return s.getChanges(c, query)
	}
	as := acceptedCoding(c)
	// The cursor is read before the list, so that no change falls between.
	cursor := s.cursorNow(query.zone)
	list, err := s.list(query, func(l list) bool { return l.known(c.Request.Header, as) })
	if err != nil {
		return err
	}
	header := c.Writer.Header()
	header.Set("ETag", list.tagAs(as))
	header.Set("Cache-Control", "private, no-cache") // ask each time; 304 is cheap
	header.Set("Vary", listVary)
	if !list.modified.IsZero() {
		header.Set("Last-Modified", list.modified.UTC().Format(http.TimeFormat))
	}
	if query.mayFeed() {
		header.Set(cursorHeader, cursor.String())
	}
	if list.known(c.Request.Header, as) {
		c.Status(http.StatusNotModified)
		return nil
	}
	header.Set("Content-Type", query.format.ContentType)
	s.writeList(c, as, list.write)
	return nil
}

// listVary are the headers that a list depends on.
const listVary = "Accept-Encoding, Authorization, X-Api-Key"

// acceptedCoding is how a list is compressed for a client.
func acceptedCoding(c *gin.Context) coding.Coding {
	return coding.Accepted(c.Request.Header.Values("Accept-Encoding"))
}

// writeList answers with a list, compressed or not. A client that went away is
// no fault of ours, and there is nobody to tell.
func (s *server) writeList(c *gin.Context, as coding.Coding, write func(w io.Writer) error) {
	if as != coding.Identity {
		c.Header("Content-Encoding", string(as))
	}
	c.Status(http.StatusOK)
	if c.Request.Method == http.MethodHead {
		return
	}
	encoder := s.codings.Writer(as, pacedWriter{c.Writer, newPacer(c.Writer)})
	_ = write(encoder)
	_ = encoder.Close()
}
