package reportapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"
)

const jsonType = "application/json"

// ok answers with a JSON document.
func ok(c *gin.Context, status int, body any) error {
	writeJSON(c, status, jsonType, body)
	return nil
}

func writeJSON(c *gin.Context, status int, contentType string, body any) {
	encoded, err := encodeJSON(body)
	if err != nil {
		panic(fmt.Errorf("encoding an answer: %w", err)) // our own types always encode
	}
	writeEncoded(c, status, contentType, encoded)
}

func writeEncoded(c *gin.Context, status int, contentType string, encoded []byte) {
	c.Data(status, contentType, append(encoded, '\n'))
}

// encodeJSON writes JSON as people read it: "<" stays "<".
func encodeJSON(body any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(body)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// utc returns a time as answers write it: UTC, whole seconds, zero kept zero.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}
