package dnsbl

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

const (
	// notifyCheck is how often it is looked whether there is something new.
	notifyCheck = time.Second
	// notifyPause is the least time between two notifications of a zone: each
	// makes the secondaries copy all of it.
	notifyPause = 10 * time.Second
	// notifyTries and notifyWait are how long a secondary is asked to answer.
	notifyTries = 3
	notifyWait  = 2 * time.Second
)

// notified is what the secondaries of a zone were last told.
type notified struct {
	serial uint32
	at     time.Time
}

// notify tells secondaries when there is something new to copy (RFC 1996),
// until the server stops. They are told at the start too, because nobody knows
// what they missed.
func (s *Server) notify() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ticker := time.NewTicker(notifyCheck)
	defer ticker.Stop()
	told := map[string]notified{} // by origin
	for {
		select {
		case <-s.stopping:
			return
		case <-ticker.C:
			s.notifyZones(ctx, told)
		}
	}
}

// notifyZones tells those that are to be told now.
func (s *Server) notifyZones(ctx context.Context, told map[string]notified) {
	now, clock := s.now(), time.Now()
	if _, unfit := s.responder.state(now).unfit(); unfit {
		return
	}
	for _, zone := range s.zones.Load().byOrigin {
		if len(zone.Notify) == 0 {
			continue
		}
		last := told[zone.Origin]
		number := zone.serial.at(now, s.responder.categories())
		if number == last.serial || clock.Sub(last.at) < s.notifyPause {
			continue
		}
		told[zone.Origin] = notified{number, clock}
		for _, secondary := range zone.Notify {
			s.serving.Go(func() { s.notifyOne(ctx, zone, number, secondary) })
		}
	}
}

// notifyOne tells one secondary until it answers. What it answers is its own
// affair.
func (s *Server) notifyOne(ctx context.Context, zone *servedZone, number uint32, secondary netip.AddrPort) {
	soa := zone.soa
	soa.Hdr, soa.Serial = header(zone.Origin, dns.TypeSOA, zone.negativeTTL), number
	message := new(dns.Msg).SetNotify(zone.Origin)
	message.Answer = []dns.RR{&soa}
	client := dns.Client{Timeout: notifyWait, Dialer: &net.Dialer{Timeout: notifyWait, LocalAddr: s.sourceFor(secondary.Addr())}}
	var err error
	for range notifyTries {
		if _, _, err = client.ExchangeContext(ctx, message, secondary.String()); err == nil || ctx.Err() != nil {
			return
		}
	}
	s.logger.WarnContext(ctx, "a secondary does not answer notifications; it asks by itself, but later",
		"zone", labelOf(zone), "secondary", secondary.String(), "error", fmt.Errorf("notifying: %w", err))
}

// sourceFor returns the address to notify from: the one that secondaries know
// us by; nil leaves it to the system.
func (s *Server) sourceFor(secondary netip.Addr) net.Addr {
	for _, addr := range s.sources {
		if own := addr.Addr(); !own.IsUnspecified() && own.Is4() == secondary.Unmap().Is4() {
			return net.UDPAddrFromAddrPort(netip.AddrPortFrom(own, 0))
		}
	}
	return nil
}
