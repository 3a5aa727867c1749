package dnsbl

import "github.com/prometheus/client_golang/prometheus"

// tally counts the answers of one socket and tells the metrics once in a
// batch, so that counting costs next to nothing.
type tally struct {
	metrics *metrics
	zones   map[*servedZone]*zoneTally
	last    *servedZone
	at      *zoneTally // of last
	touched []*zoneTally
}

// zoneTally counts the answers of one zone.
type zoneTally struct {
	total    uint32 // of the batch
	pending  [talliedResults]uint32
	counters [talliedResults]prometheus.Counter
}

// talliedResults is how many results the fast path has.
const talliedResults = 4

// slot is the place of a result in a zoneTally.
func (r result) slot() int {
	switch r {
	case resultListed:
		return 0
	case resultNotListed:
		return 1
	case resultNoData:
		return 2
	default: // resultNoName
		return 3
	}
}

func newTally(m *metrics) tally {
	return tally{metrics: m, zones: make(map[*servedZone]*zoneTally)}
}

// count counts one answer.
func (t *tally) count(zone *servedZone, result result) {
	if zone != t.last {
		t.last, t.at = zone, t.of(zone)
	}
	if t.at.total == 0 {
		t.touched = append(t.touched, t.at)
	}
	t.at.total++
	t.at.pending[result.slot()]++
}

// of returns the tally of a zone.
func (t *tally) of(zone *servedZone) *zoneTally {
	known := t.zones[zone]
	if known == nil {
		known = &zoneTally{}
		for _, result := range []result{resultListed, resultNotListed, resultNoData, resultNoName} {
			known.counters[result.slot()] = t.metrics.counter(zone, transportUDP, result)
		}
		t.zones[zone] = known
	}
	return known
}

// flush tells the metrics.
func (t *tally) flush() {
	for _, at := range t.touched {
		for slot, pending := range at.pending {
			if pending > 0 {
				at.counters[slot].Add(float64(pending))
			}
		}
		at.pending, at.total = [talliedResults]uint32{}, 0
	}
	t.touched = t.touched[:0]
}

// forget gives up the zones of before a reload.
func (t *tally) forget() {
	clear(t.zones)
	t.last, t.at = nil, nil
}
