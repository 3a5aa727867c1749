package daemon

import (
	"encoding/json"
	"fmt"

	"penaltybox/parsers/tally"
)

// A line's verdict depends on the lines before only where failures count
// together, so the tallies are what a recogniser remembers: by kind and tier,
// as New makes them.
func (r *Recogniser) tallies() map[string]*tally.Tally {
	all := make(map[string]*tally.Tally)
	for i := range r.rules {
		if rule := &r.rules[i]; rule.tally != nil {
			all[rule.tallyName()] = rule.tally
		}
	}
	return all
}

func (c *compiled) tallyName() string { return fmt.Sprintf("%s %s", c.Kind.Name, c.Kind.Tier) }

// MarshalJSON implements json.Marshaler.
func (r *Recogniser) MarshalJSON() ([]byte, error) { return json.Marshal(r.tallies()) }

// UnmarshalJSON implements json.Unmarshaler. What it does not mention, such as
// rules that are new, begins to count.
func (r *Recogniser) UnmarshalJSON(text []byte) error {
	var written map[string]json.RawMessage
	if err := json.Unmarshal(text, &written); err != nil {
		return err
	}
	read := make(map[string]*tally.Tally)
	for i := range r.rules {
		name := r.rules[i].tallyName()
		if r.rules[i].tally == nil || read[name] != nil || written[name] == nil {
			continue
		}
		fresh := newTally(r.rules[i].Rule)
		if err := json.Unmarshal(written[name], fresh); err != nil {
			return fmt.Errorf("counts of %s: %w", name, err)
		}
		read[name] = fresh
	}
	for i := range r.rules {
		if fresh := read[r.rules[i].tallyName()]; r.rules[i].tally != nil && fresh != nil {
			r.rules[i].tally = fresh
		}
	}
	return nil
}
