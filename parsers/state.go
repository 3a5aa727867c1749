package parsers

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Rememberer is a [Recogniser] whose verdict on a line depends on lines
// before: a reader that goes on in the middle of a log hands back what an
// earlier one knew there. What it remembers is bounded, and mostly a few KiB.
type Rememberer interface {
	Recogniser
	json.Marshaler
	json.Unmarshaler
}

// state is what a parser knows of the lines it has read.
type state struct {
	Service    string          `json:"service"`
	IDs        *recent[digest] `json:"ids"`
	Minutes    *recent[digest] `json:"minutes"`
	Notes      *recent[digest] `json:"notes"`
	Recogniser json.RawMessage `json:"recogniser,omitempty"`
}

// State returns what the parser knows of the lines it has read, for another to
// go on behind them: ordinals of identical lines, bounds per minute and what
// the recogniser remembers. It belongs to one place in one log.
func (p *Parser) State() (json.RawMessage, error) {
	s := state{Service: p.service.Name, IDs: p.ids.seen, Minutes: p.bounds.minutes, Notes: p.bounds.notes}
	var err error
	if r, ok := p.recogniser.(Rememberer); ok {
		s.Recogniser, err = r.MarshalJSON()
	}
	text, encodeErr := json.Marshal(s)
	if err = errors.Join(err, encodeErr); err != nil {
		return nil, fmt.Errorf("saving what the parser of %s knows: %w", p.service.Name, err)
	}
	return text, nil
}

// Resume makes a new parser know what another one of the same service knew. On
// an error it knows nothing, as before.
func (p *Parser) Resume(from json.RawMessage) error {
	fresh := state{IDs: newRecent[digest](sameStamp), Minutes: newBounds().minutes, Notes: newBounds().notes}
	err := json.Unmarshal(from, &fresh)
	if err == nil && (fresh.Service != p.service.Name || fresh.IDs == nil || fresh.Minutes == nil || fresh.Notes == nil) {
		err = fmt.Errorf("it is of service %q, or not whole", fresh.Service)
	}
	if r, ok := p.recogniser.(Rememberer); ok && err == nil && len(fresh.Recogniser) > 0 {
		err = r.UnmarshalJSON(fresh.Recogniser)
	}
	if err != nil {
		return fmt.Errorf("going on with what the parser of %s knew: %w", p.service.Name, err)
	}
	p.ids.seen, p.bounds = fresh.IDs, bounds{fresh.Minutes, fresh.Notes}
	return nil
}

// generations is how a [recent] is written.
type generations[K comparable] struct {
	Start time.Time `json:"start"`
	Young map[K]int `json:"young"`
	Old   map[K]int `json:"old,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (r *recent[K]) MarshalJSON() ([]byte, error) {
	return json.Marshal(generations[K]{r.start, r.young, r.old})
}

// UnmarshalJSON implements json.Unmarshaler. Span and capacity stay.
func (r *recent[K]) UnmarshalJSON(text []byte) error {
	g := generations[K]{Young: make(map[K]int)}
	if err := json.Unmarshal(text, &g); err != nil {
		return err
	}
	if g.Young == nil {
		g.Young = make(map[K]int)
	}
	r.start, r.young, r.old = g.Start, g.Young, g.Old
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (d digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *digest) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(d) {
		return fmt.Errorf("%q: want %d hexadecimal digits", text, hex.EncodedLen(len(d)))
	}
	_, err := hex.Decode(d[:], text)
	return err
}
