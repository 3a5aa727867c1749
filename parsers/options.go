package parsers

import (
	"fmt"
	"os"
	"time"

	"penaltybox/parsers/event"
)

// Options say how to read a log. The zero value reads a log of this machine,
// now.
type Options struct {
	// Zone of the times that do not tell theirs; nil: the machine's own.
	Zone *time.Location
	// Now is when the log is read: times without a year lie before it. Nil:
	// the present.
	Now func() time.Time
	// Tier is the softest tier to report: Medium means hard and medium. Zero:
	// Hard.
	Tier event.Tier
	// Host names the machine in ids when a line does not tell; "": the
	// machine's own name.
	Host string
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() (Options, error) {
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Tier == 0 {
		o.Tier = event.Hard
	}
	if o.Tier > event.Soft {
		return Options{}, fmt.Errorf("%s: want hard, medium or soft", o.Tier)
	}
	if o.Host == "" {
		host, err := os.Hostname()
		if err != nil {
			return Options{}, fmt.Errorf("finding this machine's name, which goes into the ids of incidents (give one instead): %w", err)
		}
		o.Host = host
	}
	return o, nil
}
