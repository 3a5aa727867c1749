package scoring

import (
	"cmp"
	"slices"
	"time"
)

// Summary sums up the incidents that a scoreboard holds.
type Summary struct {
	Live      int // incidents that count now, whenever they were reported
	Reporters []ReporterSummary
}

// ReporterSummary is what one reporter reported, by the incidents that are still
// held.
type ReporterSummary struct {
	Reporter ReporterNumber
	Last     time.Time   // the latest report, whenever it was
	Reports  int         // reported within the time, withdrawn ones included
	Kinds    []KindCount // of these, the most frequent first
}

// KindCount is how many incidents are of a kind, amendments regarded.
type KindCount struct {
	Kind  KindNumber
	Count int
}

// Summary sums up what was reported since a moment, by reporter: first those that
// reported most. It looks at every incident once, and what it keeps grows with
// reporters and kinds alone.
func (b *Scoreboard) Summary(since, now time.Time) Summary {
	t := summaryTally{since: secondOf(since), now: secondOf(now), counts: map[summaryKey]int{}, last: map[ReporterNumber]second{}}
	b.readShards(func(s *shard) {
		for _, p := range s.places() {
			for i := p.head; i != 0; {
				it := s.items.at(i)
				t.take(it, s.weights.weigh(it).points > 0)
				i = it.next
			}
		}
	})
	return t.summary()
}

// summaryTally counts items.
type summaryTally struct {
	since, now second
	live       int
	counts     map[summaryKey]int // of what was reported since
	last       map[ReporterNumber]second
}

type summaryKey struct {
	reporter ReporterNumber
	kind     KindNumber
}

func (t *summaryTally) take(it *item, counts bool) {
	if counts && it.expires > t.now {
		t.live++
	}
	if last, known := t.last[it.reporter()]; !known || it.reported > last {
		t.last[it.reporter()] = it.reported
	}
	if it.reported >= t.since {
		t.counts[summaryKey{it.reporter(), it.kind()}]++
	}
}

// summary brings what was counted into order.
func (t *summaryTally) summary() Summary {
	kinds, reports := map[ReporterNumber][]KindCount{}, map[ReporterNumber]int{}
	for key, count := range t.counts {
		kinds[key.reporter] = append(kinds[key.reporter], KindCount{key.kind, count})
		reports[key.reporter] += count
	}
	sum := Summary{Live: t.live}
	for reporter, last := range t.last {
		slices.SortFunc(kinds[reporter], func(a, b KindCount) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind))
		})
		sum.Reporters = append(sum.Reporters, ReporterSummary{reporter, timeOf(last), reports[reporter], kinds[reporter]})
	}
	slices.SortFunc(sum.Reporters, func(a, b ReporterSummary) int {
		return cmp.Or(cmp.Compare(b.Reports, a.Reports), cmp.Compare(a.Reporter, b.Reporter))
	})
	return sum
}
