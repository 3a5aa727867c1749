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

	// once is within what time all that the reporter says of an address counts
	// once; 0: each report counts.
	once time.Duration
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
	if order.force, err = query.flag("force"); err != nil {
		return order, err
	}
	order.once, err = readOnce(query.text("once"))
	return order, err
}

// readOnce reads such a time; "" and 0 are none.
func readOnce(text string) (time.Duration, error) {
	once, err := intake.ParseOnce(text)
	if err != nil {
		return 0, wrong("once", text, err.Error(), "want such as 15m, or 0: each report counts")
	}
	return once, nil
}

// orderNames are the parameters that readOrder reads.
func orderNames() []string { return []string{"verdicts", "dry_run", "force", "once"} }

// reporterOf is who a request reports for, and whether it insists.
func (s *server) reporterOf(c *gin.Context, order order) intake.Caller {
	caller := s.callerOf(c)
	caller.Force = order.force
	return caller
}

// submit hands reports to intake, or asks what it would answer. Dry runs do
// not count in the metrics.
func (s *server) submit(c *gin.Context, now time.Time, caller intake.Caller, order order, reports []intake.Report) []intake.Result {
	in := s.Intake
	if order.once > 0 {
		in = in.Once(order.once)
	}
	if order.dryRun {
		return in.DryRun(c.Request.Context(), now, caller, "", reports)
	}
	return in.Submit(c.Request.Context(), now, caller, "", reports)
}

// count notes what became of a report in the metrics.
func (s *server) count(order order, status intake.Status) {
	if !order.dryRun {
		s.meters.report(status)
	}
}
