package reportapi

import (
	"fmt"
	"io"
	"iter"
	"time"

	"penaltybox/reportapi/lists"
	"penaltybox/scoring"
)

// list makes the list of a query, or takes the kept one. Only a zone's own
// rule moves the scoreboard's versions, so variants are made each time.
func (s *server) list(query listQuery, known func(etag string) bool) (list, error) {
	now, own := s.Now(), query.rule == query.zone.Rule
	switch {
	case own && query.format.Published:
		return s.publishedList(query)
	case !own:
		return s.reckonedList(query, now)
	case query.format.SetOnly:
		kept, version := s.lists.of(query, s.Zones()), s.Board.SetVersion(query.zone.Index)
		return kept.get(version, now, known, func() (list, error) { return s.plainList(query, now) })
	default:
		kept, version := s.lists.of(query, s.Zones()), s.Board.Version()
		return kept.get(version, now, known, func() (list, error) { return s.reckonedList(query, now) })
	}
}

// publishedList is the list of what a zone answers, which is written from what
// DNS answers from, without a copy. Its entity tag is the zone's serial; it is
// a weak one, because TTLs become less where the serial stays.
func (s *server) publishedList(query listQuery) (list, error) {
	published, err := s.publish(query.zone)
	if err != nil {
		return list{}, err
	}
	zone := published.Zone()
	return list{
		etag: fmt.Sprintf(`W/"%s%d"`, zone.Name, zone.Serial),
		encode: func(w io.Writer) error {
			return query.format.Write(w, zone, ofFamily(query.family, published.Listed()))
		},
	}, nil
}

// plainList is the list of which prefixes a zone lists, from the index.
func (s *server) plainList(query listQuery, now time.Time) (list, error) {
	verdicts := s.Board.Index().Verdicts(query.zone.Index, query.rule.Categories, now)
	var first time.Time
	for _, verdict := range verdicts {
		if first.IsZero() || verdict.Until.Before(first) {
			first = verdict.Until
		}
	}
	entries := func(yield func(lists.Entry) bool) {
		for prefix := range verdicts {
			if !yield(lists.Entry{Prefix: prefix}) {
				return
			}
		}
	}
	return makeList(first, func(w io.Writer) error {
		return query.format.Write(w, lists.Zone{}, ofFamily(query.family, entries))
	})
}

// reckonedList is a list with what only the incidents tell: scores, or what
// another rule than the zone's would list.
func (s *server) reckonedList(query listQuery, now time.Time) (list, error) {
	var published Publication
	var zone lists.Zone
	if query.format.Published {
		var err error
		if published, err = s.publish(query.zone); err != nil {
			return list{}, err
		}
		zone = published.Zone()
	}
	listings := s.Board.Listings(query.rule, now)
	entries := ofFamily(query.family, s.entries(listings, published))
	return makeList(firstEnd(listings), func(w io.Writer) error { return query.format.Write(w, zone, entries) })
}

// entries yields listings as lists have them; published is for formats that
// want one.
func (s *server) entries(listings []scoring.Listing, published Publication) iter.Seq[lists.Entry] {
	policy, names := s.Book.Policy(), map[scoring.CategorySet][]string{}
	return func(yield func(lists.Entry) bool) {
		for _, l := range listings {
			categories, known := names[l.Categories]
			if !known {
				categories = namesOf(policy, l.Categories)
				names[l.Categories] = categories
			}
			e := lists.Entry{Prefix: l.Prefix, Score: l.Score, Reporters: l.Reporters, Categories: categories, Until: l.Until}
			if published != nil {
				e.Codes, e.Text, e.TTL = published.Answer(l.Prefix.Addr(), l.Categories, l.Until)
			}
			if !yield(e) {
				return
			}
		}
	}
}

func firstEnd(listings []scoring.Listing) time.Time {
	var first time.Time
	for _, l := range listings {
		if first.IsZero() || l.Until.Before(first) {
			first = l.Until
		}
	}
	return first
}

// ofFamily yields those entries that are of one family; 0 stands for both.
func ofFamily(family int, entries iter.Seq[lists.Entry]) iter.Seq[lists.Entry] {
	if family == 0 {
		return entries
	}
	return func(yield func(lists.Entry) bool) {
		for e := range entries {
			if e.Prefix.Addr().Is4() == (family == 4) && !yield(e) {
				return
			}
		}
	}
}
