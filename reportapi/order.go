package reportapi

import (
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/intake"
)

// order is what a request wants done with its reports.
type order struct {
	key      string // Idempotency-Key
	verdicts bool   // tell the verdicts of all zones for each row of many
	dryRun   bool   // record nothing
	force    bool   // take what looks like our own list
}

func readOrder(query query, key string) (order, error) {
	order := order{key: key}
	var err error
	if order.verdicts, err = query.flag("verdicts"); err != nil {
		return order, err
	}
	if order.dryRun, err = query.flag("dry_run"); err != nil {
		return order, err
	}
	order.force, err = query.flag("force")
	return order, err
}

// orderNames are the parameters that readOrder reads.
func orderNames() []string { return []string{"verdicts", "dry_run", "force"} }

// reporterOf is who a request reports for, and whether it insists.
func (s *server) reporterOf(c *gin.Context, order order) intake.Caller {
	caller := s.callerOf(c)
	caller.Force = order.force
	return caller
}

// submit hands reports to intake, or asks what it would answer. Dry runs do
// not count in the metrics.
func (s *server) submit(c *gin.Context, now time.Time, caller intake.Caller, order order, reports []intake.Report) []intake.Result {
	if order.dryRun {
		return s.Intake.DryRun(c.Request.Context(), now, caller, "", reports)
	}
	return s.Intake.Submit(c.Request.Context(), now, caller, "", reports)
}

// count notes what became of a report in the metrics.
func (s *server) count(order order, status intake.Status) {
	if !order.dryRun {
		s.meters.report(status)
	}
}
