package control

import (
	"fmt"
	"regexp"
	"time"

	"penaltybox/scoring"
)

// Reporter is somebody, or some machine, who may report.
type Reporter struct {
	Number   scoring.ReporterNumber `json:"number"`
	Name     string                 `json:"name"`
	Role     Role                   `json:"role"`
	Disabled bool                   `json:"disabled,omitempty"`
	Created  time.Time              `json:"created"`
}

var reporterName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// Validate tells what is wrong with a reporter.
func (r Reporter) Validate() error {
	if !reporterName.MatchString(r.Name) {
		return fmt.Errorf("reporter %q: want 1 to 63 of a-z, 0-9, dot, dash and underscore, such as web1", r.Name)
	}
	if r.Number == 0 || r.Number > scoring.MaxReporters {
		return fmt.Errorf("reporter %q: number %d is outside 1..%d", r.Name, r.Number, scoring.MaxReporters)
	}
	_, err := ParseRole(string(r.Role))
	return err
}
