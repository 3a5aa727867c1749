package event

import "fmt"

// Tier says how sure a kind is, and so whether it is reported by default.
type Tier uint8

const (
	// Hard events are blatantly hostile; they are reported by default.
	Hard Tier = iota + 1
	// Medium events are hostile but for rare accidents.
	Medium
	// Soft events happen to honest people too and count only aggregated.
	Soft
)

// String returns the name of the tier: hard, medium or soft.
func (t Tier) String() string {
	switch t {
	case Hard:
		return "hard"
	case Medium:
		return "medium"
	case Soft:
		return "soft"
	default:
		return fmt.Sprintf("tier %d", uint8(t))
	}
}

// ParseTier reads the name of a tier.
func ParseTier(name string) (Tier, error) {
	for t := Hard; t <= Soft; t++ {
		if t.String() == name {
			return t, nil
		}
	}
	return 0, fmt.Errorf("tier %q: want hard, medium or soft", name)
}

// Kind is one sort of event that a service's recogniser finds.
type Kind struct {
	Name   string // as the server knows it, such as ssh.maxauth
	Tier   Tier
	Points uint16 // the server's default for the kind
	// PerMinute bounds how many events of the kind one address (IPv6: one
	// /64) causes in a minute of the log; 0: no bound. A robot that asks for
	// a hundred scripts in a second is still one visit.
	PerMinute int
	// Distinct kinds count a note only once per address within the hour, so
	// that reloading one page is one event.
	Distinct bool
	Summary  string // for people, in half a line
	Example  string // a line that shows it
}
