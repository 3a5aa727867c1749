package reportapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/coding"
	"penaltybox/reportapi/compat"
	"penaltybox/reportapi/compat/abuseipdb"
	"penaltybox/reportapi/compat/blocklistde"
	"penaltybox/reportapi/compat/crowdsec"
	"penaltybox/reportapi/compat/rspamd"
	"penaltybox/reportapi/compat/stopforumspam"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// Foreign is what an operator decides about the adapters of foreign formats.
type Foreign struct {
	// Once is how long reports of one reporter about one address count once,
	// where clients report an event several times; 0: each counts.
	Once time.Duration
	// AbuseIPDBStrict tells AbuseIPDB's clients of duplicates and of addresses
	// that are never listed by a status of 4xx.
	AbuseIPDBStrict bool
	// StopForumSpamOpen answers StopForumSpam's clients without a key.
	StopForumSpamOpen bool
}

// foreignRoutes mounts the adapters of foreign formats, each below a folder of
// its own.
func (s *server) foreignRoutes(routes *gin.RouterGroup) error {
	house := s.house()
	if err := house.Validate(); err != nil {
		return err
	}
	once := s.countingOnce(house)
	tellAbuseIPDB := abuseipdb.Mount(routes.Group("/abuseipdb"), once, abuseipdb.Config{
		Strict: s.Foreign.AbuseIPDBStrict, Within: s.Foreign.Once, PublicURL: s.PublicURL,
	})
	blocklistde.Mount(routes.Group("/blocklistde"), once)
	rspamd.Mount(routes.Group("/rspamd"), house)
	stopforumspam.Mount(routes.Group("/stopforumspam"), house, stopforumspam.Config{Open: s.Foreign.StopForumSpamOpen})
	tellCrowdSec, err := crowdsec.Mount(routes.Group("/crowdsec"), house)
	s.formats = map[string]format{
		"abuseipdb": {tell: tellAbuseIPDB}, "blocklistde": {}, "rspamd": {}, "stopforumspam": {}, "crowdsec": {tell: tellCrowdSec},
	}
	return err
}

// countingOnce is a house for clients that report an event several times.
func (s *server) countingOnce(house compat.House) compat.House {
	if s.Foreign.Once == 0 {
		return house
	}
	house.Intake = countedIntake{s.Intake.Once(s.Foreign.Once), s.meters}
	return house
}

// house is what adapters see of the server.
func (s *server) house() compat.House {
	return compat.House{
		Authenticate: s.authenticateForeign,
		Budget:       s.budgetOf,
		Body:         s.foreignBody,
		Stream:       func(c *gin.Context) io.Writer { return pacedWriter{c.Writer, newPacer(c.Writer)} },
		Intake:       countedIntake{s.Intake, s.meters},
		Board:        s.Board,
		Details:      s.details,
		Policy:       s.Book.Policy,
		Zone: func() compat.Zone {
			zone := s.Zones()[0]
			return compat.Zone{Name: zone.Name, Rule: zone.Rule, Index: zone.Index}
		},
		Reporter: s.Book.ReporterName,
		Source:   func(c *gin.Context) netip.Addr { return s.clientAddr(c.Request) },
		Now:      s.Now,
		Loaded:   func() bool { ready, _ := s.Ready(); return ready },
		Rejected: s.keepFault,
		Logger:   s.Logger,
	}
}

// authenticateForeign is [server.need] for adapters, which find keys in places
// of their own. What is no matter of a wrong key is a [*compat.Fault].
func (s *server) authenticateForeign(c *gin.Context, key string, scope control.Scope) (intake.Caller, error) {
	identity, err := s.identify(c.Request, key)
	if p, ok := errors.AsType[*problem](err); ok && p.Status != http.StatusUnauthorized {
		return intake.Caller{}, foreignFault(p)
	}
	if err != nil {
		return intake.Caller{}, err
	}
	s.introduce(c, identity)
	if p, ok := errors.AsType[*problem](s.spend(c, identity.KeyID)); ok {
		return intake.Caller{}, foreignFault(p)
	}
	if !identity.May(scope) {
		why, hint := identity.Lacks(scope)
		return intake.Caller{}, &compat.Fault{Status: http.StatusForbidden, Detail: why + "; " + hint}
	}
	return s.callerOf(c), nil
}

// foreignBody is [server.openBody] for adapters, which know no problems.
func (s *server) foreignBody(c *gin.Context, most int64) (io.Reader, error) {
	r, err := s.openBody(c, most)
	if p, ok := errors.AsType[*problem](err); ok {
		return nil, foreignFault(p)
	}
	return foreignReader{r}, err
}

// foreignReader is a body that tells adapters what they cannot know: that it was
// a bomb, or not what its Content-Encoding says.
type foreignReader struct{ io.Reader }

func (r foreignReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	_, isBomb := errors.AsType[*coding.BombError](err)
	_, isBroken := errors.AsType[*coding.BrokenError](err)
	if isBomb || isBroken {
		err = foreignFault(problemOfBody(err))
	}
	return n, err
}

// foreignFault is a problem as adapters know it.
func foreignFault(p *problem) *compat.Fault {
	return &compat.Fault{Status: p.Status, Detail: p.Error(), Retry: p.retryAfter}
}

// countedIntake is an intake whose results show in the metrics.
type countedIntake struct {
	compat.Intake
	meters *meters
}

// Submit is [intake.Intake.Submit].
func (in countedIntake) Submit(ctx context.Context, now time.Time, caller intake.Caller, idempotencyKey string, reports []intake.Report) []intake.Result {
	results := in.Intake.Submit(ctx, now, caller, idempotencyKey, reports)
	for _, result := range results {
		in.meters.report(result.Status)
	}
	return results
}
