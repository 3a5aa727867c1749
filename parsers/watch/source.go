package watch

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"path/filepath"
	"time"

	"penaltybox/parsers"
	"penaltybox/parsers/event"
	"penaltybox/parsers/journal"
)

// Source is what is watched: files of one service, or its part of the journal.
type Source struct {
	Service string
	Files   []string // paths and patterns; rotated files are left to their logs
	Journal bool     // instead of files
	Units   []string // of the journal; empty: those known of the service
	// FromEnd passes over what stands in a log that was never seen before.
	FromEnd bool

	Zone    *time.Location // nil: the machine's
	Tier    event.Tier     // 0: hard
	Host    string         // "": the machine's name
	Proxies []netip.Prefix
	Traps   []string
	Skip    []netip.Prefix
	Own     []parsers.Service // that are not built in

	// Journalctl is the command that reads the journal; empty: journalctl.
	Journalctl []string
}

// parser makes a parser for one log of the source.
func (s Source) parser(now func() time.Time) (*parsers.Parser, error) {
	return parsers.New(s.Service, parsers.Options{
		Zone: s.Zone, Now: now, Tier: s.Tier, Host: s.Host, Proxies: s.Proxies, Traps: s.Traps, Skip: s.Skip, Own: s.Own,
	})
}

// filter returns which entries of the journal are the source's.
func (s Source) filter() (journal.Filter, error) { return journal.FilterFor(s.Service, s.Units) }

// checkpointName is the name of the checkpoint of one log of the source.
func (s Source) checkpointName(log string) string {
	sum := sha256.Sum256([]byte(s.Service + "\x00" + log))
	base := filepath.Base(cmp.Or(log, "journal"))
	return s.Service + "-" + base[:min(len(base), 80)] + "-" + hex.EncodeToString(sum[:6]) + ".json"
}
