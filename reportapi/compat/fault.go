package compat

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/intake"
)

// Fault is what is wrong with a request, before an adapter puts it into the
// shape that its clients understand.
type Fault struct {
	Status    int    // of the answer
	Parameter string // as the client named it; "" if it is none of them
	Detail    string // what is wrong, and what to do
	// Retry is how long the client is asked to wait; 0: it is not.
	Retry time.Duration
	Row   int // of many, from 1; 0: the fault is the whole request's
}

// Teller answers with a fault in the shape that an adapter's clients understand.
type Teller func(c *gin.Context, fault *Fault)

// Error returns the fault in one line.
func (f *Fault) Error() string {
	if f.Parameter == "" {
		return f.Detail
	}
	return f.Parameter + ": " + f.Detail
}

// FaultOf returns the fault that an error stands for: itself, or that of a body
// which could not be read to its end.
func FaultOf(err error) *Fault {
	if fault, ok := errors.AsType[*Fault](err); ok {
		return fault
	}
	tooBig, isTooBig := errors.AsType[*http.MaxBytesError](err)
	switch {
	case isTooBig:
		return &Fault{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body is larger than %d bytes; send it in pieces", tooBig.Limit)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &Fault{Status: http.StatusRequestTimeout, Detail: "the body came too slowly; send it again"}
	}
	return &Fault{Status: http.StatusBadRequest, Detail: "the body could not be read to its end; send it again"}
}

// Quote writes a client's value into a message: cut, and with nothing that
// could disturb a terminal or a log.
func Quote(value string) string {
	const most = 80
	if len(value) > most {
		value = strings.ToValidUTF8(value[:most], "") + "…"
	}
	return strconv.Quote(value)
}

// AskToWait sets Retry-After (RFC 9110 §10.2.3), if the fault has one.
func (f *Fault) AskToWait(c *gin.Context) {
	if f.Retry > 0 {
		c.Header("Retry-After", strconv.Itoa(int(f.Retry.Seconds())))
	}
}

// OverQuota is the fault of a report that is right but too much, or whose key is
// paused; nil: the refusal is another.
func OverQuota(refusal *intake.Refusal) *Fault {
	if refusal.Code != intake.OverQuota {
		return nil
	}
	return &Fault{Status: http.StatusTooManyRequests, Detail: refusal.Error(), Retry: refusal.Retry}
}

// Moot tells whether a report was refused for what its client cannot mend: the
// address is protected, or has all the incidents that it may have.
func Moot(refusal *intake.Refusal) bool {
	return refusal.Code == intake.Protected || refusal.Code == intake.TooMany
}

// NotTaken is what a client is told whose key was not taken: the fault that says
// why, if there is one, else what the adapter says of a wrong key.
func NotTaken(err error, wrongKey *Fault) error {
	if fault, ok := errors.AsType[*Fault](err); ok {
		return fault
	}
	return wrongKey
}
