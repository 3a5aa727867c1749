package crowdsec

import (
	"io"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// answerBuffer is about how many bytes are written at once.
const answerBuffer = 32 << 10

// writer writes a JSON document piece by piece, and remembers the first fault.
type writer struct {
	out       io.Writer
	buffer    []byte
	now       time.Time
	filter    filter
	scenarios scenarios
	listed    int // decisions in the array that is being written
	err       error
}

func (api *lapi) newWriter(out io.Writer, now time.Time, f filter) *writer {
	return &writer{
		out: out, buffer: make([]byte, 0, answerBuffer+1024), now: now, filter: f,
		scenarios: newScenarios(api.Policy()),
	}
}

func (w *writer) text(text string) {
	w.buffer = append(w.buffer, text...)
	w.listed = 0
}

// wants tells whether a verdict is one that the client wants to hold.
func (w *writer) wants(prefix netip.Prefix, v scoring.Verdict) bool {
	return v.Listed && v.Until.After(w.now) && w.filter.wants(prefix, w.scenarios.of(v.Categories))
}

// listing writes what is listed, until it would end by itself.
func (w *writer) listing(prefix netip.Prefix, v scoring.Verdict) {
	w.decision(decision{prefix, w.scenarios.of(v.Categories), v.Until.Sub(w.now).Truncate(time.Second)})
}

// ended writes what is listed no more.
func (w *writer) ended(prefix netip.Prefix, categories scoring.CategorySet) {
	w.decision(decision{prefix, w.scenarios.of(categories), over})
}

func (w *writer) decision(d decision) {
	if w.listed > 0 {
		w.buffer = append(w.buffer, ',')
	}
	w.listed++
	w.buffer = d.append(w.buffer)
	if len(w.buffer) > answerBuffer {
		w.flush()
	}
}

// flush writes what is buffered.
func (w *writer) flush() {
	if w.err == nil {
		_, w.err = w.out.Write(w.buffer)
	}
	w.buffer = w.buffer[:0]
}
