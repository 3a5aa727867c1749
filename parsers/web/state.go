package web

import (
	"encoding/json"

	"penaltybox/parsers/accesslog"
)

// state is what the recogniser remembers of the lines so far, for another to
// go on behind them.
type state struct {
	Software sites            `json:"software,omitempty"` // what each site showed
	Layout   accesslog.Layout `json:"layout"`             // the log's format
}

// MarshalJSON implements json.Marshaler.
func (r *Recogniser) MarshalJSON() ([]byte, error) { return json.Marshal(state{r.sites, r.layout}) }

// UnmarshalJSON implements json.Unmarshaler.
func (r *Recogniser) UnmarshalJSON(text []byte) error {
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	r.sites, r.layout = make(sites), s.Layout
	for site, seen := range s.Software {
		if seen != nil {
			r.sites[site] = seen
		}
	}
	return nil
}
