package web

import "encoding/json"

// state is what the recogniser remembers of the lines so far, for another to
// go on behind them.
type state struct {
	Sites sites `json:"sites,omitempty"` // WordPress' own files that each served
}

// MarshalJSON implements json.Marshaler.
func (r *Recogniser) MarshalJSON() ([]byte, error) { return json.Marshal(state{r.sites}) }

// UnmarshalJSON implements json.Unmarshaler.
func (r *Recogniser) UnmarshalJSON(text []byte) error {
	s := state{Sites: make(sites)}
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	r.sites = s.Sites
	if r.sites == nil {
		r.sites = make(sites)
	}
	return nil
}
