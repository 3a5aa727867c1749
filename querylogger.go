package main

import (
	"penaltybox/dnsbl"
	"penaltybox/reportapi"
)

// queryLogger lets the API switch the log of DNS queries.
type queryLogger struct{ dns *dnsbl.Server }

var _ reportapi.QueryLogger = queryLogger{}

// StartQueryLog implements reportapi.QueryLogger.
func (l queryLogger) StartQueryLog(log reportapi.QueryLog) (reportapi.QueryLogStatus, error) {
	status, err := l.dns.LogQueries(dnsbl.QueryLog(log))
	return queryLogStatus(status), err
}

// StopQueryLog implements reportapi.QueryLogger.
func (l queryLogger) StopQueryLog() reportapi.QueryLogStatus {
	return queryLogStatus(l.dns.StopQueryLog())
}

// QueryLogStatus implements reportapi.QueryLogger.
func (l queryLogger) QueryLogStatus() reportapi.QueryLogStatus {
	return queryLogStatus(l.dns.QueryLogStatus())
}

func queryLogStatus(s dnsbl.QueryLogStatus) reportapi.QueryLogStatus {
	return reportapi.QueryLogStatus{
		QueryLog: reportapi.QueryLog(s.QueryLog), On: s.On, Until: s.Until, Lines: s.Lines, Suppressed: s.Suppressed,
	}
}
