package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// problem is a refusal as the server tells it: RFC 9457 §3.1 with a hint of
// Penaltybox's own. The detail names the field and its value.
type problem struct {
	Status    int    `json:"status"`
	Title     string `json:"title"`
	Detail    string `json:"detail"`
	Remedy    string `json:"hint"`
	RequestID string `json:"request_id"`
}

// Error implements error.
func (p *problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	if text == "" {
		text = strings.ToLower(http.StatusText(p.Status))
	}
	if p.Status >= http.StatusInternalServerError {
		text = fmt.Sprintf("server answers %d: %s", p.Status, text)
		if p.RequestID != "" {
			text += " (request " + p.RequestID + ")"
		}
	}
	return printableCell(text)
}

// Hint returns what the server says to do about it.
func (p *problem) Hint() string { return printableCell(p.Remedy) }

// refusal reads why the server said no. A proxy between may say it in its own
// way: then only the status is told.
func (c *client) refusal(response *http.Response) error {
	refused := &problem{}
	kind := response.Header.Get("Content-Type")
	if strings.HasPrefix(kind, "application/problem+json") {
		const most = 1 << 20
		body, err := io.ReadAll(io.LimitReader(response.Body, most))
		if err != nil || json.Unmarshal(body, refused) != nil {
			refused = &problem{}
		}
	}
	refused.Status = response.StatusCode
	switch {
	case refused.Status == http.StatusUnauthorized && c.key == "":
		refused.Remedy = c.noKey
	case refused.Status == http.StatusServiceUnavailable && refused.Remedy == "":
		if after := response.Header.Get("Retry-After"); after != "" {
			refused.Remedy = "nothing was lost; try again in " + after + " s"
		}
	}
	return refused
}
