package control

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// widest is the shortest prefix that may be exempted without force: one typing
// error less than the whole Internet.
func widest(prefix netip.Prefix) int {
	if prefix.Addr().Is4() {
		return 8
	}
	return 16
}

// exempted returns the one form under which an exemption is kept: masked, IPv4
// unmapped, and no narrower than what is scored.
func exempted(prefix netip.Prefix) (netip.Prefix, error) {
	mapped := prefix.Addr().Is4In6()
	if !prefix.IsValid() || mapped && prefix.Bits() < 96 {
		return prefix, errors.New("prefix: want an address or prefix such as 203.0.113.7 or 203.0.113.0/24")
	}
	if mapped {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	if scored := scoring.PrefixOf(prefix.Addr()); prefix.Bits() > scored.Bits() {
		prefix = scored
	}
	return prefix.Masked(), nil
}

// Exempt makes or replaces an exemption. A prefix wider than an IPv4 /8 or an
// IPv6 /16 needs force.
func (r *Registrar) Exempt(ctx context.Context, now time.Time, exemption scoring.Exemption, force bool) (scoring.Exemption, error) {
	prefix, err := exempted(exemption.Prefix)
	if err != nil {
		return exemption, err
	}
	exemption.Prefix, exemption.Expires, exemption.Reason = prefix, exemption.Expires.UTC().Truncate(time.Second), cleanLine(exemption.Reason)
	switch {
	case exemption.Reason == "" || len(exemption.Reason) > 200:
		return exemption, errors.New("reason: want 1 to 200 bytes, for those who ask later")
	case !exemption.Live(now):
		return exemption, fmt.Errorf("expiry %s: lies in the past", exemption.Expires.Format(time.RFC3339))
	case prefix.Bits() < widest(prefix) && !force:
		return exemption, fmt.Errorf("prefix %s: would exempt a large part of the Internet; force it (--force) if you mean that", exemption.Prefix)
	}
	exemption.At = now.UTC().Truncate(time.Second)
	err = r.change(ctx, exemptRecords+prefix.String(), func() (any, error) { return exemption, nil })
	return exemption, err
}

// Unexempt removes an exemption; the prefix may be written in any form that
// Exempt takes.
func (r *Registrar) Unexempt(ctx context.Context, prefix netip.Prefix) error {
	prefix, err := exempted(prefix)
	if err != nil {
		return err
	}
	key := exemptRecords + prefix.String()
	return r.change(ctx, key, func() (any, error) {
		if r.book.version(key) == 0 {
			return nil, fmt.Errorf("exemption %s: %w", prefix, scoring.ErrNotFound)
		}
		return nil, nil
	})
}
