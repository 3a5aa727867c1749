package scoring

import (
	"sort"
	"time"
)

// feedBatch is how many changes a reader of the log takes at a time, so that
// one who is far behind holds no copy of it.
const feedBatch = 256

// VersionAt returns the version that was reached when a second began, as far
// as the log tells: what was logged in that second or later comes after it. If
// the log reaches back less far, it is the oldest version that
// [Scoreboard.Follow] can begin at.
func (b *Scoreboard) VersionAt(moment time.Time) uint64 {
	return b.log.versionAt(secondOf(moment))
}

func (l *changeLog) versionAt(at second) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := l.version - uint64(len(l.ring))
	before := sort.Search(len(l.ring), func(i int) bool {
		return l.after(oldest+uint64(i)).at >= at
	})
	return oldest + uint64(before)
}

// LoggedSince returns the moment from which on the log has lost no change; the
// zero time if it has lost none since it was begun.
func (b *Scoreboard) LoggedSince() time.Time {
	l := &b.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.version-l.begun <= changesKept {
		return time.Time{}
	}
	// What was lost may be of the second in which the oldest was logged.
	return timeOf(l.after(l.version).at + 1)
}

// Follow tells the changes of one rule after a version, oldest first, and
// returns the version that it reached. It is [Scoreboard.ChangesSince] for
// readers who keep no copy. When it returns false the log did not reach back,
// or not any more, and what was told is of no use: take the full list then.
func (b *Scoreboard) Follow(rule int, version uint64, tell func(Change)) (uint64, bool) {
	var batch [feedBatch]logged
	for {
		n, ok := b.log.read(batch[:], version)
		if !ok || n == 0 {
			return version, ok
		}
		for _, c := range batch[:n] {
			version++
			if int(c.rule) == rule {
				tell(c.change(version))
			}
		}
	}
}

// read copies the changes after a version, as many as there are and fit.
func (l *changeLog) read(into []logged, version uint64) (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if version > l.version || l.version-version > uint64(len(l.ring)) {
		return 0, false
	}
	n := int(min(uint64(len(into)), l.version-version))
	for i := range n {
		into[i] = *l.after(version + uint64(i))
	}
	return n, true
}

// ChangesAfter returns the changes of all rules after a version, oldest first
// and at most so many, with the version that they reach. It returns false when
// the log does not reach back to it: go on at [Scoreboard.OldestVersion], and
// know that something is missing.
func (b *Scoreboard) ChangesAfter(version uint64, most int) ([]Change, uint64, bool) {
	batch := make([]logged, most)
	n, ok := b.log.read(batch, version)
	if !ok {
		return nil, version, false
	}
	changes := make([]Change, n)
	for i, c := range batch[:n] {
		version++
		changes[i] = c.change(version)
	}
	return changes, version, true
}

// OldestVersion returns the oldest version that the log can be read from.
func (b *Scoreboard) OldestVersion() uint64 {
	l := &b.log
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.version - uint64(len(l.ring))
}
