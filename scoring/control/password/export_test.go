package password

// Occupy takes a turn until it is given back.
func (h *Hasher) Occupy() (release func()) {
	h.turns <- struct{}{}
	return func() { <-h.turns }
}
