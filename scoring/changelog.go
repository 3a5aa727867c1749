package scoring

import "sync"

// changesKept is how many changes the log holds. Who is further behind takes
// the full list.
const changesKept = 1 << 16

// changeLog numbers the changes of verdicts and keeps the newest. It has a
// lock of its own, taken while the lock of a shard is held, so that the
// changes of one prefix stand in their order. A change is told when the index
// has it, never before: who reads a version and then the index has seen all up
// to that version.
type changeLog struct {
	mu          sync.Mutex
	ring        []logged // change of version v at (v-1-begun) % changesKept
	version     uint64
	begun       uint64           // the version at which the log was begun
	setVersions [MaxRules]uint64 // by rule
	listed      [MaxRules]int    // by rule
}

// logged is a Change without what can be derived.
type logged struct {
	key       scoredKey
	at        second
	rule      int32
	old, new  outcome
	exemption *Exemption
}

// record adds a change for every rule whose outcome became another; with again
// also for every rule that lists the prefix as before. Outcomes are by distinct
// rule of the set; nil stands for none listed.
func (l *changeLog) record(k scoredKey, now second, set *ruleSet, old, outcomes []outcome, exemption *Exemption, again bool) {
	for r, places := range set.members {
		var was, is outcome
		if old != nil {
			was = old[r]
		}
		if outcomes != nil {
			is = outcomes[r]
		}
		if was == is && !(again && is.listed()) {
			continue
		}
		l.mu.Lock()
		for _, rule := range places {
			l.add(logged{key: k, at: now, rule: int32(rule), old: was, new: is, exemption: exemption})
		}
		l.mu.Unlock()
	}
}

// recordAcross is record where the rules themselves became others.
func (l *changeLog) recordAcross(k scoredKey, now second, from *ruleSet, old []outcome, to *ruleSet, outcomes []outcome, exemption *Exemption) {
	for rule := range max(len(from.distinct), len(to.distinct)) {
		was, is := from.outcome(old, rule), to.outcome(outcomes, rule)
		if was == is {
			continue
		}
		l.mu.Lock()
		l.add(logged{key: k, at: now, rule: int32(rule), old: was, new: is, exemption: exemption})
		l.mu.Unlock()
	}
}

// add appends a change. Clocks that go back do not show in the log: its times
// never fall.
func (l *changeLog) add(change logged) {
	if l.version > l.begun {
		change.at = max(change.at, l.after(l.version-1).at)
	}
	if len(l.ring) < changesKept {
		l.ring = append(l.ring, change)
	} else {
		*l.after(l.version) = change
	}
	l.version++
	if change.old.listed() == change.new.listed() {
		return
	}
	l.setVersions[change.rule] = l.version
	if change.new.listed() {
		l.listed[change.rule]++
	} else {
		l.listed[change.rule]--
	}
}

// after returns the change that follows a version, or the place for it.
func (l *changeLog) after(version uint64) *logged {
	return &l.ring[(version-l.begun)%changesKept]
}

// since returns the changes after a version, oldest first.
func (l *changeLog) since(version uint64) ([]logged, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if version > l.version || l.version-version > uint64(len(l.ring)) {
		return nil, false
	}
	changes := make([]logged, 0, l.version-version)
	for v := version; v < l.version; v++ {
		changes = append(changes, *l.after(v))
	}
	return changes, true
}

// change returns the logged change for callers.
func (c logged) change(version uint64) Change {
	return Change{
		Version: version,
		At:      timeOf(c.at),
		Rule:    int(c.rule),
		Prefix:  c.key.prefix(),
		Old:     c.old.verdict(c.key, nil),
		New:     c.new.verdict(c.key, c.exemption),
		Score:   int(c.new.score),
	}
}

// verdict returns the outcome for callers.
func (o outcome) verdict(k scoredKey, exemption *Exemption) Verdict {
	if !o.listed() {
		return Verdict{Prefix: k.prefix(), Exemption: exemption}
	}
	return Verdict{
		Listed:     true,
		Until:      timeOf(o.until),
		Next:       timeOf(o.next),
		Categories: o.categories,
		Prefix:     k.prefix(),
	}
}

// BeginLog empties the change log, and leaves the versions as they are: call it
// once everything is loaded. What loading told is no change to anybody, for who
// began to follow before would have had nothing to begin with.
func (b *Scoreboard) BeginLog() {
	l := &b.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring, l.begun = nil, l.version
}

// Version returns the version of the newest change; 0 when there was none yet.
// Versions count up by one while the scoreboard exists; another scoreboard
// begins anew.
func (b *Scoreboard) Version() uint64 {
	b.log.mu.Lock()
	defer b.log.mu.Unlock()
	return b.log.version
}

// SetVersion returns the version at which the set of prefixes that a rule
// lists last changed. A listing that only became longer does not count.
func (b *Scoreboard) SetVersion(rule int) uint64 {
	b.log.mu.Lock()
	defer b.log.mu.Unlock()
	return b.log.setVersions[rule]
}

// ChangesSince returns the changes after a version, oldest first, or false
// when the log does not reach back to it or never saw it: take the full list
// then. Applied in order to what was listed at that version, they give what
// is listed now.
func (b *Scoreboard) ChangesSince(version uint64) ([]Change, bool) {
	recorded, ok := b.log.since(version)
	if !ok {
		return nil, false
	}
	changes := make([]Change, len(recorded))
	for i, c := range recorded {
		changes[i] = c.change(version + uint64(i) + 1)
	}
	return changes, true
}
