package main

import (
	"bytes"
	"fmt"
	"time"
)

// shape is how reports are written, and what a server says that took them.
type shape struct {
	contentType string
	status      string // of the answer
	wants       func(rows int) []byte
	report      func(b []byte, ip string) []byte
	open, end   string
	between     string
}

func shapeOf(name string, rows int) (shape, error) {
	switch {
	case name == "report" && rows == 1:
		return shape{
			contentType: "application/json", status: "201", report: appendReport,
			wants: func(int) []byte { return []byte(`"status":"recorded"`) },
		}, nil
	case name == "report":
		return shape{
			contentType: "application/x-ndjson", status: "200", report: appendReport, between: "\n", end: "\n",
			wants: func(rows int) []byte { return fmt.Appendf(nil, `"recorded":%d,`, rows) },
		}, nil
	case name == "alert":
		return shape{
			contentType: "application/json", status: "201", report: appendAlert, open: "[", between: ",", end: "]",
			wants: func(int) []byte { return []byte(`["`) },
		}, nil
	}
	return shape{}, fmt.Errorf("shape %q: want report or alert", name)
}

func appendReport(b []byte, ip string) []byte {
	return fmt.Appendf(b, `{"ip":"%s","kind":"ssh.maxauth","note":"Failed password for root from %s port 4711 ssh2"}`, ip, ip)
}

// appendAlert writes an alert as CrowdSec's agents do, with the decision in it,
// as cscli does.
func appendAlert(b []byte, ip string) []byte {
	now := time.Now().UTC().Format(time.RFC3339)
	return fmt.Appendf(b, `{"capacity":5,"decisions":[{"duration":"4h","origin":"crowdsec","scenario":"crowdsecurity/ssh-bf","scope":"Ip","type":"ban","value":"%[1]s"}],`+
		`"events":[],"events_count":6,"labels":null,"leakspeed":"10s","message":"Ip %[1]s performed 'crowdsecurity/ssh-bf'","scenario":"crowdsecurity/ssh-bf","scenario_hash":"",`+
		`"scenario_version":"","simulated":false,"source":{"ip":"%[1]s","scope":"Ip","value":"%[1]s"},"start_at":"%[2]s","stop_at":"%[2]s"}`, ip, now)
}

// body writes the reports of one request.
func (s shape) body(b []byte, first, rows int, seed uint32) []byte {
	b = append(b, s.open...)
	for i := range rows {
		if i > 0 {
			b = append(b, s.between...)
		}
		b = s.report(b, address(uint32(first+i)+seed))
	}
	return append(b, s.end...)
}

// address is the n-th of a fixed permutation of the addresses from 11.0.0.0 to
// 74.255.255.255, of which none is special.
func address(n uint32) string {
	const size = 64 << 24
	n = (n*2_654_435_761 + 12_345) % size // odd: a permutation of each power of two
	n += 11 << 24
	return fmt.Sprintf("%d.%d.%d.%d", n>>24, n>>16&255, n>>8&255, n&255)
}

// took tells whether an answer says that all was recorded.
func (s shape) took(status string, body []byte, rows int) bool {
	return status == s.status && bytes.Contains(body, s.wants(rows))
}
