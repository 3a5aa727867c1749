package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"penaltybox/scoring"
)

// loadWithin is how long a node for DNS alone may take to read the ledger anew
// for other rules.
const loadWithin = 10 * time.Minute

// reloadOn reads certificate, configuration and the files that it names again
// at each hangup. On an error the old ones stay.
func (s *serving) reloadOn(ctx context.Context, node *node, hangup <-chan os.Signal) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
		}
		s.reloadCertificate(ctx)
		if err := s.reload(ctx, node); err != nil && ctx.Err() == nil {
			s.logger.ErrorContext(ctx, "hangup: nothing is changed, the old zones, keys and secrets stay", "error", err)
		}
	}
}

func (s *serving) reloadCertificate(ctx context.Context) {
	if s.cert == nil {
		return
	}
	if err := s.cert.reload(); err != nil {
		s.logger.ErrorContext(ctx, "hangup: the old certificate stays", "error", err)
		return
	}
	s.logger.InfoContext(ctx, "hangup: read the certificate again")
}

// reload serves the zones that are configured now. Their rules are evaluated
// first, beside the old ones; then DNS changes over in one step, so that each
// query is answered wholly by the old zones or wholly by the new; then the API.
func (s *serving) reload(ctx context.Context, node *node) error {
	again, err := s.reread()
	if err != nil {
		return err
	}
	if err := node.awaitLoaded(ctx); err != nil {
		return err
	}
	next, err := planZones(again, node.book.Policy(), s.served.Load().places, node.now())
	if err != nil {
		return err
	}
	if err := s.dns.CheckZones(next.dns); err != nil {
		return err
	}
	if err := node.setRules(ctx, next.places.Rules()); err != nil {
		return err
	}
	if err := errors.Join(s.dns.SetTSIGKeys(again.tsigKeys), s.dns.SetUpdateKeys(again.updateKeys), s.dns.Reload(next.dns)); err != nil {
		return err
	}
	next.places = next.places.InForce(node.now())
	s.served.Store(next)
	if again.DNSCookieSecretFile != "" {
		s.dns.SetCookieSecrets(again.cookies)
	}
	if fixed := s.needRestart(again.serveFlags); len(fixed) > 0 {
		s.logger.WarnContext(ctx, "hangup: these settings changed and need a restart", "settings", strings.Join(fixed, ", "))
	}
	names := make([]string, len(next.api))
	for i, zone := range next.api {
		names[i] = zone.Name
	}
	s.logger.InfoContext(ctx, "hangup: serving the zones as configured", "zones", strings.Join(names, ", "))
	return nil
}

// reread reads the settings as they are now.
func (s *serving) reread() (settings, error) {
	flags := s.serveFlags
	if s.again != nil {
		var err error
		if flags, err = s.again(); err != nil {
			return settings{}, err
		}
	}
	return flags.check()
}

// needRestart names the settings that differ and do not change while serving.
func (s *serving) needRestart(again serveFlags) []string {
	changing := []string{"zone", "contact", "dns-cookie-secret-file", "tsig-key-file", "update-key"}
	was, is := reflect.ValueOf(s.serveFlags), reflect.ValueOf(again)
	var names []string
	for _, field := range reflect.VisibleFields(was.Type()) {
		name := flagName(field)
		if field.Anonymous || slices.Contains(changing, name) {
			continue // of a group of flags, each counts for itself
		}
		if !reflect.DeepEqual(was.FieldByIndex(field.Index).Interface(), is.FieldByIndex(field.Index).Interface()) {
			names = append(names, name)
		}
	}
	return names
}

// flagName is the name that kong gives the flag of a field.
func flagName(field reflect.StructField) string {
	if name := field.Tag.Get("name"); name != "" {
		return name
	}
	var name []rune
	for i, r := range field.Name {
		if i > 0 && unicode.IsUpper(r) {
			name = append(name, '-')
		}
		name = append(name, unicode.ToLower(r))
	}
	return string(name)
}

// awaitLoaded waits until everything was loaded once.
func (n *node) awaitLoaded(ctx context.Context) error {
	select {
	case <-n.caughtUp:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// setRules makes the board count by other rules, and waits until all of it does.
func (n *node) setRules(ctx context.Context, rules []scoring.Rule) error {
	if err := n.board.SetRules(n.now(), rules); err != nil {
		return fmt.Errorf("changing rules: %w", err)
	}
	reading, ok := n.board.(interface {
		Settle(ctx context.Context) error
	})
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, loadWithin)
	defer cancel()
	if err := reading.Settle(ctx); err != nil {
		return fmt.Errorf("reading the ledger anew for other rules: %w", err)
	}
	return nil
}
