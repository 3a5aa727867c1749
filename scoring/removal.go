package scoring

import (
	"fmt"
	"time"
)

// RemovalMode says what becomes of a request for removal that comes from the
// listed address itself (RFC 6471 §2.2.2).
type RemovalMode string

// The modes of removal.
const (
	RemovalOff       RemovalMode = "off"       // none is taken
	RemovalModerated RemovalMode = "moderated" // a moderator decides
	RemovalAutomatic RemovalMode = "automatic" // granted at once, where nothing speaks against it
)

// DefaultRemovalCooldown is for how long after a removal the same address is
// not removed again without a moderator.
const DefaultRemovalCooldown = 7 * day

// setRemoval changes a setting of removal.
func (p *Policy) setRemoval(setting, value string) error {
	if setting == "removal" {
		p.Removal = RemovalMode(value)
		return nil
	}
	cooldown, err := ParseDuration(value)
	p.RemovalCooldown = cooldown
	return err
}

// validateRemoval takes the zero values for the defaults.
func (p Policy) validateRemoval() error {
	switch p.Removal {
	case "", RemovalOff, RemovalModerated, RemovalAutomatic:
	default:
		return fmt.Errorf("removal %q: want off, moderated or automatic", p.Removal)
	}
	if p.RemovalCooldown != 0 && p.RemovalCooldown < Duration(time.Minute) || time.Duration(p.RemovalCooldown) > MaxTTL {
		return fmt.Errorf("removal_cooldown %s: outside 1m..%s", p.RemovalCooldown, Duration(MaxTTL))
	}
	return nil
}
