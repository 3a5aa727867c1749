package reportapi

import (
	"net/netip"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
)

const (
	usualEffect   = 100
	largestEffect = 10_000
)

// effectPage says which part of an effect is told, and whether there is to be one.
type effectPage struct {
	dry   bool
	limit int
	after netip.Prefix // listings behind this one; invalid: from the first on
}

func readEffectPage(c *gin.Context) (page effectPage, err error) {
	q, err := queryOf(c, "dry_run", "limit", "cursor")
	if err != nil {
		return page, err
	}
	if page.dry, err = q.flag("dry_run"); err != nil {
		return page, err
	}
	if page.limit, err = q.number("limit", usualEffect, 1, largestEffect); err != nil {
		return page, err
	}
	cursor := q.text("cursor")
	if cursor == "" {
		return page, nil
	}
	if !page.dry {
		return page, wrong("cursor", cursor, "stands without dry_run", "only a dry run is told page by page")
	}
	if page.after, err = netip.ParsePrefix(cursor); err != nil {
		return page, wrong("cursor", cursor, "is not one that a page ended with", "begin without")
	}
	return page, nil
}

// voidEffect is what a void changes, or its end. Counts are of all of it,
// Listings are the page that was asked for.
type voidEffect struct {
	Incidents int             `json:"incidents"` // live ones that count otherwise
	Points    int             `json:"points"`    // of these
	Addresses int             `json:"addresses"` // that have such, and ranges
	Delisted  int             `json:"delisted"`  // that leave a zone
	Listed    int             `json:"listed"`    // that come into one
	Staying   int             `json:"staying"`   // that stay in one
	Listings  []listingEffect `json:"listings"`
	Truncated bool            `json:"truncated"`
	Next      string          `json:"next,omitempty"`
}

// listingEffect is what becomes of one address or range, zone by zone, and of
// one that stays, why.
type listingEffect struct {
	Prefix    netip.Prefix `json:"prefix"`
	Delisted  []string     `json:"delisted,omitempty"`
	Listed    []string     `json:"listed,omitempty"`
	Staying   []string     `json:"staying,omitempty"`
	Score     int          `json:"score,omitempty"`     // that it stays with
	Reporters []string     `json:"reporters,omitempty"` // whose incidents count still
	Range     netip.Prefix `json:"range,omitzero"`      // around it, which is listed
}

// effectOf tells what another trust would change.
func (s *server) effectOf(trust scoring.Trust, now time.Time, page effectPage) voidEffect {
	found := s.Board.PreviewTrust(trust, now)
	view := voidEffect{Incidents: found.Incidents, Points: found.Points, Addresses: found.Addresses}
	all := s.listingEffects(found)
	for _, listing := range all {
		view.Delisted += min(1, len(listing.Delisted))
		view.Listed += min(1, len(listing.Listed))
		view.Staying += min(1, len(listing.Staying))
	}
	if page.after.IsValid() {
		from, _ := slices.BinarySearchFunc(all, page.after, func(l listingEffect, after netip.Prefix) int {
			if l.Prefix.Compare(after) <= 0 {
				return -1
			}
			return 1
		})
		all = all[from:]
	}
	if view.Truncated = len(all) > page.limit; view.Truncated {
		all = all[:page.limit]
		if page.dry {
			view.Next = all[len(all)-1].Prefix.String()
		}
	}
	s.sayWhoBacks(all, trust, now)
	view.Listings = all
	return view
}

// listingEffects tells by prefix what the zones make of an effect.
func (s *server) listingEffects(found scoring.TrustEffect) []listingEffect {
	zones := map[int][]string{}
	for _, zone := range s.Zones() {
		zones[zone.Index] = append(zones[zone.Index], zone.Name)
	}
	all := []listingEffect{}
	places := map[netip.Prefix]int{}
	of := func(prefix netip.Prefix) *listingEffect {
		place, known := places[prefix]
		if !known {
			place = len(all)
			places[prefix] = place
			all = append(all, listingEffect{Prefix: prefix})
		}
		return &all[place]
	}
	for _, stay := range found.Stays {
		if names := zones[stay.Rule]; len(names) > 0 {
			listing := of(stay.Prefix)
			listing.Staying = append(listing.Staying, names...)
			listing.Score = max(listing.Score, stay.Score)
			listing.Range = stay.New.Range
		}
	}
	for _, change := range found.Changes {
		if change.Old.Listed == change.New.Listed {
			continue
		}
		for _, name := range zones[change.Rule] {
			listing := of(change.Prefix)
			switch {
			case slices.Contains(listing.Staying, name):
			case change.New.Listed:
				listing.Listed = append(listing.Listed, name)
			default:
				listing.Delisted = append(listing.Delisted, name)
			}
		}
	}
	slices.SortFunc(all, func(a, b listingEffect) int { return a.Prefix.Compare(b.Prefix) })
	return all
}

// sayWhoBacks names those whose incidents still count for what stays listed.
func (s *server) sayWhoBacks(listings []listingEffect, trust scoring.Trust, now time.Time) {
	var staying []netip.Prefix
	for _, listing := range listings {
		if len(listing.Staying) > 0 {
			staying = append(staying, listing.Prefix)
		}
	}
	backers := s.Board.Backers(staying, trust, now)
	for i := range listings {
		if len(listings[i].Staying) == 0 {
			continue
		}
		for _, reporter := range backers[0] {
			listings[i].Reporters = append(listings[i].Reporters, s.Book.ReporterName(reporter))
		}
		backers = backers[1:]
	}
}
