package main

import (
	"net/netip"
	"strings"

	"penaltybox/dnsbl"
	"penaltybox/reportapi"
)

// explainer lets the API explain what DNS answers.
type explainer struct{ dns *dnsbl.Server }

var _ reportapi.Explainer = explainer{}

// ExplainName implements reportapi.Explainer.
func (x explainer) ExplainName(name string, client netip.Addr) reportapi.Explanation {
	return explanation(x.dns.Explain(name, client))
}

// ExplainAddr implements reportapi.Explainer.
func (x explainer) ExplainAddr(addr netip.Addr, zone string, client netip.Addr) (reportapi.Explanation, bool) {
	e, known := x.dns.ExplainAddr(addr, zone, client)
	return explanation(e), known
}

func explanation(e dnsbl.Explanation) reportapi.Explanation {
	return reportapi.Explanation{
		Name: strings.TrimSuffix(e.Name, "."), Zone: e.Zone, Addr: e.Addr,
		Reason: string(e.Reason), Why: e.Reason.Sentence(), Special: e.Range,
		Rcode: e.Rcode, Codes: e.Codes, Text: e.Text, TTL: e.TTL, Extended: e.Extended,
		Key: e.Key, NeedsKey: e.NeedsKey, Restricted: e.Restricted,
	}
}
