package reportapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/coding"
)

// worthEncoding is from how many bytes on an answer is compressed: about what
// fits a packet is not.
const worthEncoding = 1400

// encodedTypes are the answers that are compressed on the way out; lists
// compress themselves.
var encodedTypes = []string{jsonType, problemType, yamlType}

// encode compresses large documents if the client can take that.
func (s *server) encode(c *gin.Context) {
	plain := c.Writer
	w := &encodedWriter{ResponseWriter: plain, codings: s.codings, accepted: coding.Accepted(c.Request.Header.Values("Accept-Encoding"))}
	c.Writer = w
	c.Next()
	c.Writer = plain
	if w.encoder != nil {
		_ = w.encoder.Close() // the client is gone; there is nobody to tell
	}
}

// encodedWriter is an answer that decides with its first bytes whether it is
// compressed: by its type, and by its length, which is Content-Length or, if
// that is not said, what is written first. An answer with an entity tag stays
// as it is, because the tag stands for its bytes (RFC 9110 §8.8.3).
type encodedWriter struct {
	gin.ResponseWriter
	codings  *coding.Codings
	accepted coding.Coding
	begun    bool
	encoder  *coding.Writer // nil: as it is
}

// Unwrap is for [http.ResponseController].
func (w *encodedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Written tells whether the answer is under way, perhaps in the encoder still.
func (w *encodedWriter) Written() bool { return w.begun || w.ResponseWriter.Written() }

// Flush is [http.Flusher].
func (w *encodedWriter) Flush() {
	if w.encoder != nil {
		_ = w.encoder.Flush() // the client is gone; there is nobody to tell
	}
	w.ResponseWriter.Flush()
}

// Write is [io.Writer].
func (w *encodedWriter) Write(p []byte) (int, error) {
	if !w.begun {
		w.begin(len(p))
	}
	if w.encoder != nil {
		return w.encoder.Write(p)
	}
	return w.ResponseWriter.Write(p)
}

// WriteString is [io.StringWriter].
func (w *encodedWriter) WriteString(text string) (int, error) { return w.Write([]byte(text)) }

// begin decides.
func (w *encodedWriter) begin(length int) {
	w.begun = true
	header := w.Header()
	mediaType, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	if !slices.Contains(encodedTypes, mediaType) || header.Get("ETag") != "" || header.Get("Content-Encoding") != "" {
		return
	}
	header.Add("Vary", "Accept-Encoding")
	if whole, err := strconv.Atoi(header.Get("Content-Length")); err == nil {
		length = whole
	}
	if w.accepted == coding.Identity || length < worthEncoding {
		return
	}
	header.Set("Content-Encoding", string(w.accepted))
	header.Del("Content-Length")
	w.encoder = w.codings.Writer(w.accepted, w.ResponseWriter)
}
