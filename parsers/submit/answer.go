package submit

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Answer is what the server made of a batch.
type Answer struct {
	Recorded   int
	Duplicates int // were there already: read before, or sent before
	Ignored    int // nothing to record, such as an exempted address
	Refusals   []Refusal
}

// add adds the counts of another batch.
func (a *Answer) add(other Answer) {
	a.Recorded += other.Recorded
	a.Duplicates += other.Duplicates
	a.Ignored += other.Ignored
	a.Refusals = append(a.Refusals, other.Refusals...)
}

// Refusal is a row that the server refused, and will refuse again.
type Refusal struct {
	Row    Row
	Reason string
	Hint   string // what to do; may be empty
}

// Fault is why a batch was not taken. Nothing of it is lost: it may be sent
// again.
type Fault struct {
	// Operator says that trying again does not help until somebody changes
	// something: the key, the address of the server, a certificate.
	Operator bool
	// After is how long the server asks to be left alone; 0: it did not say.
	After time.Duration
	Err   error
	hint  string
}

// Error implements error.
func (f *Fault) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Hint returns what to do.
func (f *Fault) Hint() string { return f.hint }

// errTooLarge says that a batch must be cut.
var errTooLarge = errors.New("the batch is too large for the server")

// faultOf says what a status other than 200 means for the whole batch.
func faultOf(response *http.Response, said problem) error {
	status := response.StatusCode
	fault := &Fault{After: retryAfter(response, time.Now()), hint: said.Hint}
	reason := said.reason()
	if reason == "" {
		reason = http.StatusText(status)
	}
	fault.Err = fmt.Errorf("the server answers %d: %s", status, reason)
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w: %s", errTooLarge, reason)
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= 500:
	case status == http.StatusUnauthorized:
		fault.Operator = true
		if fault.hint == "" {
			fault.hint = "is the key right, and not revoked?"
		}
	case status >= 300 && status < 400:
		fault.Operator = true
		fault.hint = "it sends us on to " + strconv.Quote(response.Header.Get("Location")) + "; if that is right, give that address"
	default:
		fault.Operator = true
	}
	return fault
}

// retryAfter reads the Retry-After field (RFC 9110 §10.2.3): seconds, or a
// date. What is longer than longestAfter is a mistake.
func retryAfter(response *http.Response, now time.Time) time.Duration {
	const longestAfter = 10 * time.Minute
	value := response.Header.Get("Retry-After")
	after := time.Duration(0)
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		after = at.Sub(now)
	}
	return min(max(after, 0), longestAfter)
}
