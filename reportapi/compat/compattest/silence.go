package compattest

import (
	"net/netip"

	"penaltybox/reportapi"
)

// silence stands where DNS is asked, which no adapter does.
type silence struct{}

func (silence) ExplainName(string, netip.Addr) reportapi.Explanation { return reportapi.Explanation{} }

func (silence) ExplainAddr(netip.Addr, string, netip.Addr) (reportapi.Explanation, bool) {
	return reportapi.Explanation{}, false
}

func (silence) Publish(string) (reportapi.Publication, bool) { return nil, false }

func (silence) StartQueryLog(reportapi.QueryLog) (reportapi.QueryLogStatus, error) {
	return reportapi.QueryLogStatus{}, nil
}
func (silence) StopQueryLog() reportapi.QueryLogStatus   { return reportapi.QueryLogStatus{} }
func (silence) QueryLogStatus() reportapi.QueryLogStatus { return reportapi.QueryLogStatus{} }
