package tally

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"time"
)

// state is how a tally is written, for another to go on counting.
type state struct {
	Start time.Time      `json:"start"`
	Young []accountState `json:"young,omitempty"`
	Old   []accountState `json:"old,omitempty"`
}

type accountState struct {
	Source   netip.Prefix   `json:"source"`
	Fired    time.Time      `json:"fired,omitzero"`
	Failures []failureState `json:"failures,omitempty"`
}

type failureState struct {
	At    time.Time `json:"at"`
	Name  uint64    `json:"name"`
	Count int       `json:"count"`
}

// mostKept bounds the sources of a generation that are written, a few hundred
// bytes each: of a flood, those that are nearest to an event.
const mostKept = 1 << 11

// MarshalJSON implements json.Marshaler. The names are written as hashes.
func (t *Tally) MarshalJSON() ([]byte, error) {
	s := state{Start: t.start, Young: written(t.young, nil), Old: written(t.old, t.young)}
	return json.Marshal(s)
}

// written returns the accounts that are not in newer ones, too.
func written(accounts, newer map[netip.Prefix]*account) []accountState {
	var all []accountState
	for source, a := range accounts {
		if newer[source] != nil {
			continue
		}
		w := accountState{Source: source, Fired: a.fired}
		for _, f := range a.failures {
			w.Failures = append(w.Failures, failureState{f.at, f.name, f.count})
		}
		all = append(all, w)
	}
	// Who has caused an event is to cause no second one so soon.
	slices.SortFunc(all, func(a, b accountState) int {
		return cmp.Or(b.Fired.Compare(a.Fired), cmp.Compare(len(b.Failures), len(a.Failures)), a.Source.Compare(b.Source))
	})
	return all[:min(len(all), mostKept)]
}

// UnmarshalJSON implements json.Unmarshaler. The rule stays; on an error all
// does.
func (t *Tally) UnmarshalJSON(text []byte) error {
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	young, err := accounts(s.Young)
	if err != nil {
		return err
	}
	old, err := accounts(s.Old)
	if err != nil {
		return err
	}
	t.start, t.young, t.old = s.Start, young, old
	return nil
}

func accounts(written []accountState) (map[netip.Prefix]*account, error) {
	all := make(map[netip.Prefix]*account, len(written))
	for _, w := range written {
		if !w.Source.IsValid() {
			return nil, errors.New("a count of failures without a source")
		}
		a := &account{fired: w.Fired}
		for _, f := range w.Failures {
			a.failures = append(a.failures, failure{f.At, f.Name, f.Count})
		}
		all[w.Source] = a
	}
	return all, nil
}
