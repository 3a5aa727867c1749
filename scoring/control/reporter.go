package control

import (
	"fmt"
	"regexp"
	"strings"
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
	// Hosts are the names of the reporter's own hosts, parted by spaces: notes
	// are rid of them.
	Hosts string `json:"hosts,omitempty"`
	// Nets are the reporter's own networks, parted by spaces: nothing in them is
	// ever listed.
	Nets string `json:"nets,omitempty"`

	// Organisation that the reporter belongs to; empty: it is one by itself.
	Organisation string `json:"organisation,omitempty"`
	// Weight of its points in percent, 0..scoring.MaxWeight; nil: in full.
	Weight *int `json:"weight,omitempty"`
	// Probation: what it reports is kept, and counts nothing until a moderator
	// trusts the reporter.
	Probation bool `json:"probation,omitempty"`
}

// Trust returns how much the reporter's word counts.
func (r Reporter) Trust() scoring.ReporterTrust {
	weight := scoring.FullWeight
	if r.Weight != nil {
		weight = *r.Weight
	}
	return scoring.ReporterTrust{Organisation: r.Organisation, Weight: weight, Probation: r.Probation}
}

var (
	reporterName     = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	organisationName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
)

// Validate tells what is wrong with a reporter.
func (r Reporter) Validate() error {
	if !reporterName.MatchString(r.Name) {
		return fmt.Errorf("reporter %q: want 1 to 63 of a-z, 0-9, dot, dash and underscore, such as web1", r.Name)
	}
	if r.Number == 0 || r.Number > scoring.MaxReporters {
		return fmt.Errorf("reporter %q: number %d is outside 1..%d", r.Name, r.Number, scoring.MaxReporters)
	}
	if err := validHosts(r.Hosts); err != nil {
		return err
	}
	if _, err := r.Networks(); err != nil {
		return err
	}
	if r.Organisation != "" && !organisationName.MatchString(r.Organisation) {
		return fmt.Errorf("organisation %q: want 1 to 63 letters, digits, dots, dashes and underscores, such as example.org", r.Organisation)
	}
	if r.Weight != nil && (*r.Weight < 0 || *r.Weight > scoring.MaxWeight) {
		return fmt.Errorf("weight %d: outside 0..%d percent", *r.Weight, scoring.MaxWeight)
	}
	_, err := ParseRole(string(r.Role))
	return err
}

// maxHosts bounds how many names each note is searched for.
const maxHosts = 20

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,252})$`)

func validHosts(hosts string) error {
	names := strings.Fields(hosts)
	if len(names) > maxHosts {
		return fmt.Errorf("hosts: %d names; at most %d", len(names), maxHosts)
	}
	for _, name := range names {
		if !hostName.MatchString(name) {
			return fmt.Errorf("hosts %q: want names of hosts, such as web1 or web1.example.org", name)
		}
	}
	return nil
}
