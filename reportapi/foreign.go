package reportapi

import (
	"context"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring/intake"
)

// foreignRoutes mounts the adapters of foreign formats, each below a folder of
// its own.
func (s *server) foreignRoutes(routes *gin.RouterGroup) error {
	return s.house().Validate()
}

// house is what adapters see of the server.
func (s *server) house() compat.House {
	return compat.House{
		Authenticate: s.authenticateForeign,
		Body:         s.openBody,
		Intake:       countedIntake{s.Intake, s.meters},
		Board:        s.Board,
		Details:      s.Details.Details,
		Policy:       s.Book.Policy,
		Zone: func() compat.Zone {
			zone := s.Zones()[0]
			return compat.Zone{Name: zone.Name, Rule: zone.Rule, Index: zone.Index}
		},
		Reporter: s.Book.ReporterName,
		Source:   func(c *gin.Context) netip.Addr { return s.clientAddr(c.Request) },
		Now:      s.Now,
		Loaded:   func() bool { ready, _ := s.Ready(); return ready },
		Logger:   s.Logger,
	}
}

// authenticateForeign is [server.need] for adapters, which find keys in places
// of their own and check roles through intake.
func (s *server) authenticateForeign(c *gin.Context, key string) (intake.Caller, error) {
	identity, err := s.Book.Authenticate(key, s.Now())
	if err != nil {
		return intake.Caller{}, err
	}
	c.Set(identityKey, identity)
	return s.callerOf(c), nil
}

// countedIntake is an intake whose results show in the metrics.
type countedIntake struct {
	*intake.Intake
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
