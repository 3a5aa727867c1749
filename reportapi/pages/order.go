package pages

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"

	"penaltybox/scoring/intake"
)

// maxAddresses is how many addresses one form may carry.
const maxAddresses = 1000

// order is what a form asks for. Its fields are as they were written.
type order struct {
	Addresses string // separated by white space or commas; # begins a comment
	Kind      string
	Points    string
	TTL       string
	Note      string
	// Event names the press of the button: sent twice, it counts once.
	Event string
}

func readOrder(form url.Values) order {
	o := order{
		Addresses: form.Get("addresses"), Kind: form.Get("kind"), Points: strings.TrimSpace(form.Get("points")),
		TTL: strings.TrimSpace(form.Get("ttl")), Note: form.Get("note"), Event: form.Get("event"),
	}
	if o.Event == "" || len(o.Event) > 64 {
		o.Event = rand.Text()
	}
	return o
}

// reports makes a report of each address; an address given twice is one.
func (o order) reports() ([]intake.Report, error) {
	var reports []intake.Report
	seen := map[string]bool{}
	for line := range strings.Lines(o.Addresses) {
		line, _, _ = strings.Cut(line, "#")
		for _, address := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ';' || r <= ' ' }) {
			if seen[address] {
				continue
			}
			seen[address] = true
			reports = append(reports, intake.Report{IP: address, Kind: o.Kind, Points: o.Points, TTL: o.TTL, Note: o.Note})
		}
	}
	switch {
	case len(reports) == 0:
		return nil, fmt.Errorf("no address was given")
	case len(reports) > maxAddresses:
		return nil, fmt.Errorf("%d addresses were given, at most %d are taken at a time; penaltybox import takes more", len(reports), maxAddresses)
	}
	return reports, nil
}

// idempotencyKey names the reports of this press of the button.
func (o order) idempotencyKey() string { return "page/" + o.Event }
