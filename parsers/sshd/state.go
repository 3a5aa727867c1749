package sshd

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"time"

	"penaltybox/parsers/tally"
)

// state is what the recogniser remembers of the lines so far, for another to
// go on behind them: which ends of connections were counted, what the last
// lines were, whether a client may have written the next, and how often which
// address failed.
type state struct {
	Doubtful   int           `json:"doubtful,omitempty"` // bytes
	Behind     bool          `json:"behind,omitempty"`
	SaysFailed bool          `json:"says_failed,omitempty"`
	Ended      []endingState `json:"ended,omitempty"` // the latest last
	Lines      []byte        `json:"lines,omitempty"`
	Failures   *tally.Tally  `json:"failures,omitempty"`
	Cut        bool          `json:"cut,omitempty"` // there were lines before
	Asked      *askedState   `json:"asked,omitempty"`
	Latest     *latestState  `json:"latest,omitempty"`
}

type askedState struct {
	PID string    `json:"pid"`
	At  time.Time `json:"at"`
}

type latestState struct {
	Host  []byte     `json:"host"`
	Name  []byte     `json:"name"`
	Addr  netip.Addr `json:"addr"`
	Count int        `json:"count"`
}

type endingState struct {
	Host string     `json:"host"`
	PID  string     `json:"pid"`
	Addr netip.Addr `json:"addr"`
	At   time.Time  `json:"at"`
}

// mostLines bounds the lines that are kept, in bytes: those of a connection
// follow each other closely.
const mostLines = 16 << 10

// MarshalJSON implements json.Marshaler.
func (r *Recogniser) MarshalJSON() ([]byte, error) {
	r.catchUp()
	s := state{Doubtful: r.doubt.left, Behind: r.doubt.behind, SaysFailed: r.saysFailed, Failures: r.failures}
	for i := range r.ended.last {
		e := r.ended.last[(r.ended.next+i)%len(r.ended.last)]
		if !e.at.IsZero() {
			s.Ended = append(s.Ended, endingState{e.host, e.pid, e.addr, e.at})
		}
	}
	if !r.asked.at.IsZero() {
		s.Asked = &askedState{r.asked.pid, r.asked.at}
	}
	if l := &r.latest; l.known {
		s.Latest = &latestState{l.host, l.name, l.addr, l.count}
	}
	s.Lines = lastLines(r.history.text)
	s.Cut = r.history.cut || len(s.Lines) < len(r.history.text)
	return json.Marshal(s)
}

// lastLines returns the whole lines at the end of a text, up to mostLines.
func lastLines(text []byte) []byte {
	if len(text) <= mostLines {
		return text
	}
	text = text[len(text)-mostLines:]
	return text[bytes.IndexByte(text, '\n')+1:]
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Recogniser) UnmarshalJSON(text []byte) error {
	s := state{Failures: tally.New(bruteForce())}
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if s.Failures != nil {
		r.failures = s.Failures
	}
	r.doubt.left, r.doubt.behind, r.saysFailed = s.Doubtful, s.Behind, s.SaysFailed
	r.ended, r.history, r.passed = ended{}, history{}, false
	r.asked, r.latest = asked{}, latest{}
	if a := s.Asked; a != nil {
		r.asked = asked{a.PID, a.At}
	}
	if l := s.Latest; l != nil {
		r.latest = latest{true, l.Host, l.Name, l.Addr, l.Count}
	}
	for _, e := range s.Ended {
		r.ended.last[r.ended.next%len(r.ended.last)] = ending{e.Host, e.PID, e.Addr, e.At}
		r.ended.next++
	}
	r.history.write(s.Lines)
	r.history.cut = s.Cut
	return nil
}
