package reportapi

import (
	"fmt"
	"io"
	"iter"
	"net/netip"
	"time"

	"penaltybox/reportapi/lists"
	"penaltybox/scoring"
)

// list makes the list of a query, or takes the kept one, which has no text, if
// the client knows it. Only a zone's own rule moves the scoreboard's versions,
// and networks depend on exemptions too, so variants are made each time.
func (s *server) list(query listQuery, known func(list) bool) (list, error) {
	now := s.Now()
	make := func() (list, error) { return s.makeList(query, now) }
	switch {
	case query.own() && query.format.Published:
		return s.publishedList(query)
	case !query.own() || !query.whole() || query.format.Published:
		return make()
	case query.format.Tells == 0:
		return s.lists.of(query, s.Zones()).get(s.Board.SetVersion(query.zone.Index), now, known, make)
	case query.format.Tells&lists.Scores == 0:
		return s.lists.of(query, s.Zones()).get(s.Board.Index().Version(), now, known, make)
	default:
		return s.lists.of(query, s.Zones()).get(s.Board.Version(), now, known, make)
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
	head := lists.Head{Zone: published.Zone(), Family: query.family, Response: query.response}
	return list{
		tag: fmt.Sprintf("%s%d%s", head.Zone.Name, head.Zone.Serial, query.responseTag()), weak: true,
		write: func(w io.Writer) error {
			return query.format.Write(w, head, ofFamily(query.family, published.Listed()))
		},
	}, nil
}

// makeList makes a list. What a rule of the scoreboard lists, until when and
// for what stands in the index; all else only the incidents tell.
func (s *server) makeList(query listQuery, now time.Time) (list, error) {
	head := lists.Head{
		Zone: lists.Zone{Name: query.zone.Name, Contact: query.zone.Contact}, Now: now, Family: query.family, Wide: query.aggregation.Bits4 > 0,
		Response: query.response,
	}
	tell := func(entries iter.Seq[lists.Entry]) func(w io.Writer) error {
		return func(w io.Writer) error { return query.format.Write(w, head, entries) }
	}
	if query.own() && query.whole() && query.format.Tells&lists.Scores == 0 && !query.format.Published {
		members := s.members(query, now)
		digest := members.Digest(query.format.Tells != 0)
		return list{
			tag: listTag(query, head, digest.Sum[:]), weak: query.format.Relative, until: digest.First,
			write: tell(s.memberEntries(query, members)),
		}, nil
	}
	var published Publication
	if query.format.Published {
		var err error
		if published, err = s.publish(query.zone); err != nil {
			return list{}, err
		}
		head.Zone = published.Zone()
	}
	entries := s.selected(query, s.rollEntries(query, now, published), now)
	sum, first := sumOf(query.format, entries)
	return list{
		tag: listTag(query, head, sum), weak: query.format.Relative || query.format.Published, until: first,
		write: tell(entries),
	}, nil
}

// selected yields of some entries those that a query wants, gathered as it wants.
func (s *server) selected(query listQuery, entries iter.Seq[lists.Entry], now time.Time) iter.Seq[lists.Entry] {
	entries = ofFamily(query.family, entries)
	if query.aggregation.On() {
		entries = query.aggregation.Over(entries, func(network netip.Prefix) bool { return s.Board.ExemptWithin(network, now) })
	}
	if query.limit > 0 {
		entries = lists.Top(entries, query.limit)
	}
	return entries
}

// members are what the zone of a query lists.
func (s *server) members(query listQuery, now time.Time) *scoring.Members {
	members := s.Board.Index().Members(query.zone.Index, query.rule.Categories, now)
	switch query.family {
	case 4:
		members.Only4()
	case 6:
		members.Only6()
	}
	return members
}

// memberEntries yields members as lists have them, as far as the format tells.
func (s *server) memberEntries(query listQuery, members *scoring.Members) iter.Seq[lists.Entry] {
	named, categories := s.namer(), query.format.Tells&lists.Categories != 0
	return func(yield func(lists.Entry) bool) {
		for prefix, verdict := range members.All() {
			e := lists.Entry{Prefix: prefix, Until: verdict.Until}
			if categories {
				e.Categories = named(verdict.Categories)
			}
			if !yield(e) {
				return
			}
		}
	}
}

// rollEntries yields what a rule lists by all incidents; published is for formats
// that want one.
func (s *server) rollEntries(query listQuery, now time.Time, published Publication) iter.Seq[lists.Entry] {
	roll, named := s.Board.Roll(query.rule, query.since, now), s.namer()
	return func(yield func(lists.Entry) bool) {
		for l := range roll.All() {
			e := lists.Entry{Prefix: l.Prefix, Score: l.Score, Reporters: l.Reporters, Categories: named(l.Categories), Until: l.Until}
			if published != nil {
				e.Codes, e.Text, e.TTL = published.Answer(l.Prefix, l.Categories, l.Until)
			}
			if !yield(e) {
				return
			}
		}
	}
}

// namer returns what names the categories of a set, each set once.
func (s *server) namer() func(scoring.CategorySet) []string {
	policy, names := s.Book.Policy(), map[scoring.CategorySet][]string{}
	return func(set scoring.CategorySet) []string {
		categories, known := names[set]
		if !known {
			categories = namesOf(policy, set)
			names[set] = categories
		}
		return categories
	}
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
