package reportapi

import (
	"bufio"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/coding"
)

const (
	maxBody = 32 << 20 // bytes of a whole body
	maxRow  = 64 << 10 // bytes of one object, form or row
)

// The media types of bodies.
const (
	formType  = "application/x-www-form-urlencoded"
	plainType = "text/plain"
	patchType = "application/merge-patch+json" // RFC 7396, which our PATCH is for objects without objects in them
)

var ndjsonTypes = []string{"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}

// body is the bounded body of a request.
type body struct {
	*bufio.Reader
	contentType string // media type without parameters, "" if none was given
}

// bodyOf bounds, decompresses and types the body of a request. It reads nothing
// yet.
func (s *server) bodyOf(c *gin.Context) (body, error) {
	contentType := c.GetHeader("Content-Type")
	if contentType != "" {
		parsed, _, err := mime.ParseMediaType(contentType)
		if err != nil {
			return body{}, newProblem(http.StatusUnsupportedMediaType, fmt.Sprintf("content type %q: cannot be read", cut(contentType)), "send application/json")
		}
		contentType = parsed
	}
	reader, err := s.openBody(c, maxBody)
	if err != nil {
		return body{}, err
	}
	return body{bufio.NewReaderSize(reader, bufferFor(c.Request)), contentType}, nil
}

// bufferFor is how much of a body to hold: a row, or all if that is less. One
// report is a hundred bytes, and there are thousands a second.
func bufferFor(r *http.Request) int {
	if r.ContentLength < 0 || r.ContentLength >= maxRow || r.Header.Get("Content-Encoding") != "" {
		return maxRow
	}
	return int(r.ContentLength) + 1 // so that reading all of it meets the end
}

// openBody bounds the body of a request, in bytes before and after
// decompression, and in time.
func (s *server) openBody(c *gin.Context, most int64) (io.Reader, error) {
	encoding, err := coding.Parse(c.Request.Header.Values("Content-Encoding"))
	if err != nil { // RFC 9110 §15.5.16
		return nil, newProblem(http.StatusUnsupportedMediaType, err.Error(), "or send the body uncompressed").with("Accept-Encoding", coding.Names)
	}
	if c.Request.ContentLength > most {
		return nil, &http.MaxBytesError{Limit: most}
	}
	paced := pacedReader{http.MaxBytesReader(c.Writer, c.Request.Body, most), newPacer(c.Writer)}
	if encoding == coding.Identity {
		return paced, nil
	}
	return s.codings.Reader(encoding, paced, most), nil
}

// objectOf reads the body of a request that is one JSON object or one form.
func (s *server) objectOf(c *gin.Context) (object, error) {
	body, err := s.bodyOf(c)
	if err != nil {
		return nil, err
	}
	return body.object()
}

// object reads a body that is one JSON object or one form.
func (b body) object() (object, error) {
	switch {
	case b.contentType == jsonType, b.contentType == patchType:
		return b.jsonObject()
	case b.contentType == formType || b.contentType == "":
		head, err := b.head()
		if err != nil {
			return nil, err
		}
		if first := firstByte(head); first == '{' || first == '[' {
			return b.jsonObject()
		}
		return b.formObject()
	}
	return nil, unsupported(b.contentType)
}

func unsupported(contentType string) error {
	return newProblem(http.StatusUnsupportedMediaType, fmt.Sprintf("content type %q: not taken here", cut(contentType)), "send application/json, or a form")
}

func (b body) jsonObject() (object, error) {
	whole, err := b.whole()
	if err != nil {
		return nil, err
	}
	return decodeObject(whole)
}

func (b body) formObject() (object, error) {
	whole, err := b.whole()
	if err != nil {
		return nil, err
	}
	return decodeForm(string(whole))
}

// text returns the body without the byte order mark that some editors begin a
// file with.
func (b body) text() *bufio.Reader {
	const mark = "\ufeff"
	if head, _ := b.Peek(len(mark)); string(head) == mark { // what is wrong with the body shows when it is read
		b.Discard(len(mark))
	}
	return b.Reader
}

// head returns the beginning of the body, up to maxRow bytes, and leaves it
// there to be read.
func (b body) head() ([]byte, error) {
	head, err := b.text().Peek(b.Size())
	if err == io.EOF {
		err = nil
	}
	return head, err
}

// whole reads a body of at most maxRow bytes.
func (b body) whole() ([]byte, error) {
	whole, err := io.ReadAll(io.LimitReader(b.text(), maxRow+1))
	if err != nil {
		return nil, err
	}
	if len(whole) > maxRow {
		return nil, &http.MaxBytesError{Limit: maxRow}
	}
	return whole, nil
}

// firstByte returns the first byte that is no white space, 0 if there is none.
func firstByte(text []byte) byte {
	i := slices.IndexFunc(text, func(b byte) bool { return b != ' ' && b != '\t' && b != '\r' && b != '\n' })
	if i < 0 {
		return 0
	}
	return text[i]
}
