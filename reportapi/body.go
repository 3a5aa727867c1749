package reportapi

import (
	"bufio"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

const (
	maxBody = 32 << 20 // bytes of a whole body
	maxRow  = 64 << 10 // bytes of one object, form or row
)

// The media types of bodies.
const (
	formType  = "application/x-www-form-urlencoded"
	plainType = "text/plain"
)

var ndjsonTypes = []string{"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}

// body is the bounded body of a request.
type body struct {
	*bufio.Reader
	contentType string // media type without parameters, "" if none was given
}

// bodyOf bounds and types the body of a request. It reads nothing yet.
func bodyOf(c *gin.Context) (body, error) {
	r := c.Request
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return body{}, newProblem(http.StatusUnsupportedMediaType, fmt.Sprintf("content encoding %q: not taken", cut(encoding)), "send the body uncompressed")
	}
	if r.ContentLength > maxBody {
		return body{}, &http.MaxBytesError{Limit: maxBody}
	}
	contentType := r.Header.Get("Content-Type")
	if contentType != "" {
		parsed, _, err := mime.ParseMediaType(contentType)
		if err != nil {
			return body{}, newProblem(http.StatusUnsupportedMediaType, fmt.Sprintf("content type %q: cannot be read", cut(contentType)), "send application/json")
		}
		contentType = parsed
	}
	limited := http.MaxBytesReader(c.Writer, r.Body, maxBody)
	paced := pacedReader{limited, newPacer(c.Writer)}
	return body{bufio.NewReaderSize(paced, maxRow), contentType}, nil
}

// object reads a body that is one JSON object or one form.
func (b body) object() (object, error) {
	switch {
	case b.contentType == jsonType:
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

// head returns the beginning of the body, up to maxRow bytes, and leaves it
// there to be read.
func (b body) head() ([]byte, error) {
	head, err := b.Peek(maxRow)
	if err == io.EOF {
		err = nil
	}
	return head, err
}

// whole reads a body of at most maxRow bytes.
func (b body) whole() ([]byte, error) {
	whole, err := io.ReadAll(io.LimitReader(b, maxRow+1))
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
