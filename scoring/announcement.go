package scoring

// announcementIndex names what the change log last said of a prefix; 0: that
// no rule lists it.
type announcementIndex uint32

// announcements are the outcomes that the change log last told of the prefixes
// of a shard: one for each distinct rule. Only listed prefixes have any.
type announcements struct {
	rules   int       // outcomes in each
	records []outcome // announcement i begins at (i-1)*rules
	free    []announcementIndex
}

// of returns the outcomes of an announcement; nil for none.
func (a *announcements) of(i announcementIndex) []outcome {
	if i == 0 {
		return nil
	}
	return a.records[int(i-1)*a.rules : int(i)*a.rules]
}

// replace stores outcomes in the stead of an announcement, and returns where
// they stand now.
func (a *announcements) replace(i announcementIndex, outcomes []outcome) announcementIndex {
	listed := false
	for _, o := range outcomes {
		listed = listed || o.listed()
	}
	switch {
	case !listed && i != 0:
		a.free = append(a.free, i)
		return 0
	case !listed:
		return 0
	case i == 0:
		i = a.next()
	}
	copy(a.of(i), outcomes)
	return i
}

func (a *announcements) next() announcementIndex {
	if n := len(a.free); n > 0 {
		i := a.free[n-1]
		a.free = a.free[:n-1]
		return i
	}
	for range a.rules {
		a.records = append(a.records, outcome{})
	}
	return announcementIndex(len(a.records) / a.rules)
}

// settle brings the announcement of a place up to date, tells the change log
// what became different, and stores the place. added is the item that was
// just applied, if that is all that happened since the last settling, else
// nil.
func (b *Scoreboard) settle(s *shard, k scoredKey, p *place, now second, added *item) {
	b.settleTelling(s, k, p, now, added, false)
}

// settleAgain is settle, and tells the change log of a listing also if it is as
// before: something ended that may once have been announced as its end.
func (b *Scoreboard) settleAgain(s *shard, k scoredKey, p *place, now second) {
	b.settleTelling(s, k, p, now, nil, true)
}

func (b *Scoreboard) settleTelling(s *shard, k scoredKey, p *place, now second, added *item, again bool) {
	exemption := b.evaluate(s, k, *p, now, added)
	b.index.set(k, b.stepsOf(s, k, *p, now))
	if k.isRange() {
		b.telling.add(k, again)
	} else {
		was, is := s.joined(k, s.announced.of(p.state)), s.joined(k, s.outcomes)
		b.log.record(k, now, s.weights.set, was, is, exemption, again)
	}
	p.state = s.announced.replace(p.state, s.outcomes)
	s.setPlace(k, *p)
}

// evaluate fills s.outcomes with what each rule makes of a place, and returns
// the exemption that keeps it from being listed, if one does. What is exempt of
// a range is left to who tells of it.
func (b *Scoreboard) evaluate(s *shard, k scoredKey, p place, now second, added *item) *Exemption {
	listed := false
	for r, rule := range s.weights.rules {
		s.outcomes[r] = s.verdict(p.head, rule, now)
		if s.outcomes[r].listed() {
			listed = true
		} else {
			s.outcomes[r] = outcome{}
		}
	}
	if !listed {
		return nil
	}
	if k.isRange() && k.special() {
		clear(s.outcomes)
		return nil
	}
	if exemption, barred := b.barred(k, now); barred && !k.isRange() {
		clear(s.outcomes)
		return exemption
	}
	for r, rule := range s.weights.rules {
		if s.outcomes[r].listed() {
			s.outcomes[r].score = s.score(k, p, r, rule, now, added)
		}
	}
	return nil
}

// score returns the exact score of a listed place. When nothing expired since
// the last settling and one item was added, only what that item changes is
// counted: an address that is reported without end must not cost a full walk
// for each report.
func (s *shard) score(k scoredKey, p place, r int, rule ruleWeight, now second, added *item) uint32 {
	if old := s.announced.of(p.state); added != nil && old != nil && old[r].listed() && p.due > now {
		x := s.weights.weigh(added)
		switch {
		case x.points == 0 || !rule.takes(x.category):
			return old[r].score
		case x.cap == 0 && rule.reporterCap == 0:
			return saturatingAdd(old[r].score, x.points)
		default:
			return saturatingAdd(old[r].score, s.cappedGain(p.head, rule, now, added))
		}
	}
	return s.standing(k, p.head, s.weights, rule, now, nil).score
}

// cappedGain returns how many more points one reporter counts because of one of
// its items.
func (s *shard) cappedGain(head itemIndex, rule ruleWeight, now second, added *item) uint32 {
	with, without := walk{rule: rule}, walk{rule: rule}
	for m := s.merge(head); ; {
		i := m.next()
		if i == 0 || s.items.at(i).expires <= now {
			return with.score - without.score
		}
		it := s.items.at(i)
		if it.reporter() != added.reporter() {
			continue
		}
		x := s.weights.weigh(it)
		with.take(it, x)
		if it != added {
			without.take(it, x)
		}
	}
}

// barred tells whether a prefix must not be listed: it is special (nil), or
// exempt. A range is when the whole of it is.
func (b *Scoreboard) barred(k scoredKey, now second) (*Exemption, bool) {
	if k.special() {
		return nil, true
	}
	exemption := b.exemptions.Load().around(k, now)
	return exemption, exemption != nil
}
