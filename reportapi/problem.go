package reportapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/coding"
	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// problem is an answer that says no, as application/problem+json (RFC 9457
// §3). Beside the standard members it names the field that was wrong, the
// value that stood there and what to do. Its type is about:blank, so that the
// status says what sort of problem it is (RFC 9457 §4.2.1).
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Field     string `json:"field,omitempty"`
	Value     string `json:"value,omitempty"`
	Hint      string `json:"hint,omitempty"`
	RequestID string `json:"request_id,omitempty"`

	retryAfter time.Duration
	header     http.Header
	cause      error           // for the log
	refusal    *intake.Refusal // that it tells
}

const problemType = "application/problem+json"

func newProblem(status int, detail, hint string) *problem {
	return &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Hint: hint}
}

// Error returns the problem in one line.
func (p *problem) Error() string {
	if p.Hint == "" {
		return p.Detail
	}
	return p.Detail + "; " + p.Hint
}

func (p *problem) with(header, value string) *problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Add(header, value)
	return p
}

// retryAfter is how long clients of an unavailable ledger are asked to wait.
const retryAfter = 5 * time.Second

func unavailable(detail string) *problem {
	p := newProblem(http.StatusServiceUnavailable, detail, "nothing is lost; send it again")
	p.retryAfter = retryAfter
	return p
}

// problemOf turns any error into the problem that the client is told.
func problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if refusal, ok := errors.AsType[*intake.Refusal](err); ok {
		return refused(refusal)
	}
	p := problemOfBody(err)
	if p == nil {
		p = problemOfDomain(err)
	}
	p.cause = err
	return p
}

// problemOfBody is for a body that could not be read to its end.
func problemOfBody(err error) *problem {
	tooBig, isTooBig := errors.AsType[*http.MaxBytesError](err)
	bomb, isBomb := errors.AsType[*coding.BombError](err)
	broken, isBroken := errors.AsType[*coding.BrokenError](err)
	switch {
	case isBomb:
		return newProblem(http.StatusRequestEntityTooLarge, bomb.Error(), "send it uncompressed, in pieces if it is large")
	case isBroken:
		return newProblem(http.StatusBadRequest, cut(broken.Error()), "was it cut, or compressed by other means than Content-Encoding says?")
	case isTooBig:
		return newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", tooBig.Limit), "send it in pieces")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return newProblem(http.StatusRequestTimeout, "the body came too slowly", "send it again, in pieces if it is large")
	case errors.Is(err, errBody):
		return newProblem(http.StatusBadRequest, "the body could not be read to its end", "send it again")
	}
	return nil
}

func problemOfDomain(err error) *problem {
	switch {
	case errors.Is(err, scoring.ErrUnavailable), errors.Is(err, scoring.ErrOtherLedger), errors.Is(err, scoring.ErrSchema),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return unavailable("the ledger cannot be reached or cannot write now; nothing was stored")
	case errors.Is(err, scoring.ErrNotFound):
		return newProblem(http.StatusNotFound, err.Error(), "")
	case errors.Is(err, scoring.ErrConflict), errors.Is(err, scoring.ErrTooMany):
		return newProblem(http.StatusConflict, err.Error(), "")
	}
	return newProblem(http.StatusInternalServerError, "something went wrong here", "the server's log says what, under the request's id")
}

var statusOfCode = map[intake.Code]int{
	intake.Invalid:   http.StatusBadRequest,
	intake.Forbidden: http.StatusForbidden,
	intake.Conflict:  http.StatusConflict,
	intake.TooMany:   http.StatusConflict,
	intake.NotFound:  http.StatusNotFound,
	intake.OverQuota: http.StatusTooManyRequests,
	intake.Protected: http.StatusForbidden,
}

func refused(r *intake.Refusal) *problem {
	p := newProblem(statusOfCode[r.Code], detailOf(r), r.Hint)
	p.Field, p.Value = r.Field, cut(r.Value)
	p.retryAfter, p.refusal = r.Retry, r
	return p
}

// detailOf writes a refusal without its hint.
func detailOf(r *intake.Refusal) string {
	if r.Field == "" {
		return r.Problem
	}
	bare := *r
	bare.Hint = ""
	return bare.Error()
}

// cut shortens a value that is told back.
func cut(value string) string {
	const most = 80
	if len(value) > most {
		value = value[:most] + "…"
	}
	return strings.ToValidUTF8(value, "")
}

func wrong(field, value, problem, hint string) error {
	return &intake.Refusal{Field: field, Value: value, Problem: problem, Hint: hint}
}

func (s *server) unknownZone(name string) error {
	var known []string
	for _, zone := range s.Zones() {
		known = append(known, zone.Name)
	}
	p := newProblem(http.StatusNotFound, fmt.Sprintf("zone %q: not served here", cut(name)), "zones here are "+strings.Join(known, ", "))
	p.Field, p.Value = "zone", cut(name)
	return p
}

// shownPath is the path of a request, without a key that may stand in it.
func shownPath(c *gin.Context) string {
	if strings.HasPrefix(c.Request.URL.Path, "/lists/") {
		return "/lists/…"
	}
	return cut(c.Request.URL.Path)
}

// answer runs an action; what it returns as an error goes out as a problem.
func (s *server) answer(action func(c *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := action(c); err != nil {
			s.fail(c, problemOf(err))
		}
	}
}

// fail ends the request with a problem. Once an answer is under way only
// cutting it off can tell that it is not whole.
func (s *server) fail(c *gin.Context, p *problem) {
	if p.Status >= http.StatusInternalServerError && p.cause != nil {
		s.Logger.WarnContext(c.Request.Context(), "request did not succeed",
			"request_id", requestIDOf(c), "route", c.FullPath(), "status", p.Status, "error", p.cause)
	}
	s.keepProblem(c, p)
	if c.Writer.Written() {
		panic(http.ErrAbortHandler)
	}
	p.prepare(c)
	writeJSON(c, p.Status, problemType, p)
}

// prepare ends the chain of handlers and sets the problem's headers.
func (p *problem) prepare(c *gin.Context) {
	c.Abort()
	p.RequestID = requestIDOf(c)
	header := c.Writer.Header()
	for _, name := range []string{"Content-Type", "Content-Disposition", "ETag"} { // of the answer that did not come about
		header.Del(name)
	}
	for name, values := range p.header {
		header[name] = values
	}
	if p.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(p.retryAfter.Seconds())))
	}
	header.Set("Cache-Control", "no-store")
}
