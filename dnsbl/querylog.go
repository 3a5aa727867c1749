package dnsbl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

const (
	// DefaultQueryLogTime ends a query log that nobody ends.
	DefaultQueryLogTime = 10 * time.Minute
	// maxQueryLogTime bounds what may be asked for.
	maxQueryLogTime = 24 * time.Hour
	// queryLogRate bounds the lines in a second, so that a log that is
	// switched on for every query does not take the server down.
	queryLogRate = 1000
)

// QueryLog says what is logged of queries. Access keys never are.
type QueryLog struct {
	// Sample logs one query in so many, by chance; 0 or 1: every one.
	Sample int
	// For is how long, up to a day; 0: [DefaultQueryLogTime].
	For time.Duration
	// FullAddresses logs clients' addresses instead of their networks (IPv4
	// /24, IPv6 /56).
	FullAddresses bool
}

// QueryLogStatus is how a query log stands.
type QueryLogStatus struct {
	QueryLog
	On    bool
	Until time.Time // when it ends by itself
	// Lines is how many were written, Suppressed how many were not because
	// there were too many within a second.
	Lines, Suppressed uint64
}

// runningLog is a query log that is on.
type runningLog struct {
	QueryLog
	until time.Time
	end   *time.Timer

	second     atomic.Int64 // that is being counted
	spent      atomic.Int64 // lines of it
	lines      atomic.Uint64
	suppressed atomic.Uint64
}

// LogQueries switches the query log on, in place of one that is on already. It
// ends by itself.
func (s *Server) LogQueries(config QueryLog) (QueryLogStatus, error) {
	if config.Sample == 0 {
		config.Sample = 1
	}
	if config.For == 0 {
		config.For = DefaultQueryLogTime
	}
	if config.Sample < 1 {
		return QueryLogStatus{}, fmt.Errorf("query log: sample %d: want one in 1 or more", config.Sample)
	}
	if config.For < time.Second || config.For > maxQueryLogTime {
		return QueryLogStatus{}, fmt.Errorf("query log: for %s: want from 1s to %s", config.For, maxQueryLogTime)
	}
	log := &runningLog{QueryLog: config, until: s.now().Add(config.For)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return QueryLogStatus{}, errors.New("query log: the server is stopped")
	}
	log.end = time.AfterFunc(config.For, func() { s.endQueryLog(log) })
	if before := s.queryLog.Swap(log); before != nil {
		before.end.Stop()
	}
	s.logger.Info("query log on", "sample", config.Sample, "for", config.For.String(), "full_addresses", config.FullAddresses)
	return log.status(), nil
}

// StopQueryLog switches the query log off and returns how it stood.
func (s *Server) StopQueryLog() QueryLogStatus {
	log := s.queryLog.Load()
	if log == nil {
		return QueryLogStatus{}
	}
	log.end.Stop()
	s.endQueryLog(log)
	status := log.status()
	status.On = false
	return status
}

// QueryLogStatus tells how the query log stands.
func (s *Server) QueryLogStatus() QueryLogStatus {
	if log := s.queryLog.Load(); log != nil {
		return log.status()
	}
	return QueryLogStatus{}
}

// endQueryLog ends a log unless another has taken its place.
func (s *Server) endQueryLog(log *runningLog) {
	if s.queryLog.CompareAndSwap(log, nil) {
		s.logger.Info("query log off", "lines", log.lines.Load(), "suppressed", log.suppressed.Load())
	}
}

func (l *runningLog) status() QueryLogStatus {
	return QueryLogStatus{QueryLog: l.QueryLog, On: true, Until: l.until, Lines: l.lines.Load(), Suppressed: l.suppressed.Load()}
}

// takes draws whether to log one more query.
func (l *runningLog) takes(now time.Time) bool {
	if l.Sample > 1 && rand.IntN(l.Sample) != 0 {
		return false
	}
	if second := now.Unix(); l.second.Swap(second) != second {
		l.spent.Store(0)
	}
	if l.spent.Add(1) > queryLogRate {
		l.suppressed.Add(1)
		return false
	}
	return true
}

// drawn is the other end of a query for which it was drawn already whether it
// is logged.
type drawn interface{ logged() bool }

// logFor returns the log that a query belongs into; nil: none.
func (s *Server) logFor(w dns.ResponseWriter, now time.Time) *runningLog {
	log := s.queryLog.Load()
	if log == nil {
		return nil
	}
	chosen := false
	if peer, is := w.RemoteAddr().(drawn); is {
		chosen = peer.logged()
	} else {
		chosen = log.takes(now)
	}
	if !chosen {
		return nil
	}
	return log
}

// write logs a query and its answer.
func (l *runningLog) write(s *Server, query *dns.Msg, from asker, a answer, took time.Duration) {
	l.lines.Add(1)
	name, qtype := "", ""
	if len(query.Question) > 0 {
		name, qtype = s.zones.Load().withoutKeys(query.Question[0].Name, a.zone), dns.Type(query.Question[0].Qtype).String()
	}
	rcode, known := dns.RcodeToString[a.rcode]
	if !known {
		rcode = fmt.Sprint(a.rcode)
	}
	s.queryLines.LogAttrs(context.Background(), slog.LevelInfo, "query",
		slog.String("client", l.client(from.addr)), slog.String("transport", string(from.via)),
		slog.String("zone", labelOf(a.zone)), slog.String("name", name), slog.String("type", qtype),
		slog.String("rcode", rcode), slog.String("result", string(a.result)), slog.String("reason", string(a.why)),
		slog.Int64("duration_us", took.Microseconds()))
}

// client writes where a query came from.
func (l *runningLog) client(addr netip.Addr) string {
	const bits4, bits6 = 24, 56
	if !addr.IsValid() || l.FullAddresses {
		return addr.String()
	}
	bits := bits6
	if addr.Is4() {
		bits = bits4
	}
	network, err := addr.Prefix(bits)
	if err != nil {
		return "" // no address has fewer bits
	}
	return network.String()
}

// withoutKeys writes a name that was asked with KEY in place of every label
// that is an access key, or that may be one with a slip in it.
func (s *zoneSet) withoutKeys(name string, zone *servedZone) string {
	labels := dns.SplitDomainName(name)
	own := 0 // labels in front of a zone that wants a key
	if zone != nil && zone.keys != nil && len(labels) > zone.labels {
		own = len(labels) - zone.labels
		if _, exists := zone.nodes[string(frontOf(strings.Join(labels[:own], ".")))]; exists {
			own = 0
		}
	}
	for i, label := range labels {
		if s.isKey(label) || i < own && !ofAddress(label) {
			labels[i] = keyPlaceholder
		}
	}
	return strings.Join(labels, ".")
}

// isKey tells whether a label is an access key of any zone.
func (s *zoneSet) isKey(label string) bool {
	label = strings.ToLower(label)
	for _, zone := range s.byOrigin {
		if _, is := zone.keys[label]; is {
			return true
		}
	}
	return false
}

// ofAddress tells whether a label can be part of an address's name.
func ofAddress(label string) bool {
	_, octet := parseOctet([]byte(label))
	_, nibble := parseNibble([]byte(strings.ToLower(label)))
	return octet || nibble
}
