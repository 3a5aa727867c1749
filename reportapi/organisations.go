package reportapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// organisationView is an organisation: its reporters, and how many incidents
// they reported within a day, withdrawn ones included.
type organisationView struct {
	Name      string   `json:"name"`
	Reporters []string `json:"reporters"`
	LastDay   int      `json:"last_day"`
}

// getOrganisations tells the organisations by name, and which reporters are one
// by themselves.
func (s *server) getOrganisations(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	now := s.Now()
	reports := map[string]int{} // by the reporter's name
	for _, work := range s.Board.Summary(now.Add(-24*time.Hour), now).Reporters {
		reports[s.Book.ReporterName(work.Reporter)] = work.Reports
	}
	organisations, alone := []organisationView{}, []string{}
	for _, reporter := range s.Book.Reporters() {
		if reporter.Organisation == "" {
			alone = append(alone, reporter.Name)
			continue
		}
		at, known := slices.BinarySearchFunc(organisations, reporter.Organisation, func(o organisationView, name string) int { return strings.Compare(o.Name, name) })
		if !known {
			organisations = slices.Insert(organisations, at, organisationView{Name: reporter.Organisation})
		}
		o := &organisations[at]
		o.Reporters, o.LastDay = append(o.Reporters, reporter.Name), o.LastDay+reports[reporter.Name]
	}
	return ok(c, http.StatusOK, map[string]any{"organisations": organisations, "alone": alone})
}
