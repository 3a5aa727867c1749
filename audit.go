package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"net/url"

	"penaltybox/scoring"
)

// auditCommand tells who changed what.
type auditCommand struct {
	remote
	stopped
	Since  string `help:"Only from this moment on, or so long back (7d)." placeholder:"TIME"`
	Until  string `help:"Only before this moment, or until so long ago." placeholder:"TIME"`
	Who    string `help:"Only what this reporter changed; offline, server and first start are nobody's key." placeholder:"NAME"`
	Action string `help:"Only add, change, remove, amend, withdraw, restore, backup, export, erase, erased, start or stop." placeholder:"ACTION"`
	Object string `help:"Only what begins so, such as key/ or exempt/203.0.113." placeholder:"TEXT"`
	Output string `help:"table, or ndjson or csv with all that is known of each change." enum:"table,ndjson,csv" default:"table" aliases:"format"`
}

// Help implements kong.HelpProvider.
func (auditCommand) Help() string {
	return `Every change of reporters, keys, policy, exemptions and incidents is told, oldest
first: who, with which key, from where, and what was before and after (with
--output ndjson). Secrets and notes are not in it. Reports are no changes.

  penaltybox audit --since 7d
  penaltybox audit --who admin --object key/ --output ndjson > keys.ndjson
  penaltybox audit --offline --state /var/lib/penaltybox --output csv > audit.csv`
}

// Run asks for the audit.
func (cmd *auditCommand) Run(ctx context.Context, s *streams) error {
	if cmd.Offline {
		return cmd.with(ctx, cmd.State, func(ledger *offline) error { return cmd.runOffline(ctx, s, ledger) })
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	query := url.Values{}
	for name, value := range map[string]string{"since": cmd.Since, "until": cmd.Until, "who": cmd.Who, "action": cmd.Action, "object": cmd.Object} {
		if value != "" {
			query.Set(name, value)
		}
	}
	response, err := c.open(ctx, request{path: "/v1/audit", query: query, accept: "application/x-ndjson"})
	if err != nil {
		return fmt.Errorf("asking for the audit: %w", err)
	}
	defer response.Body.Close()
	if cmd.Output == "ndjson" {
		_, err = io.Copy(s.out, response.Body)
	} else {
		err = cmd.print(s, decodeAudit(response.Body))
	}
	if err != nil {
		return fmt.Errorf("asking for the audit: %w", c.explain(ctx, err))
	}
	return nil
}

// decodeAudit reads events, one a line.
func decodeAudit(body io.Reader) iter.Seq2[scoring.AuditEvent, error] {
	return func(yield func(scoring.AuditEvent, error) bool) {
		decoder := json.NewDecoder(bufio.NewReader(body))
		for {
			var event scoring.AuditEvent
			err := decoder.Decode(&event)
			if errors.Is(err, io.EOF) || !yield(event, err) || err != nil {
				return
			}
		}
	}
}

// print prints events as is asked for.
func (cmd *auditCommand) print(s *streams, events iter.Seq2[scoring.AuditEvent, error]) error {
	switch cmd.Output {
	case "ndjson":
		encoder := json.NewEncoder(s.out)
		for event, err := range events {
			if err != nil {
				return err
			}
			if err := encoder.Encode(event); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		return writeAuditCSV(s.out, events)
	}
	return printAudit(s, events)
}

// printAudit prints events, one a line, for people.
func printAudit(s *streams, events iter.Seq2[scoring.AuditEvent, error]) error {
	t := newTable("WHEN", "WHO", "KEY", "FROM", "ACTION", "OBJECT", "REASON")
	for event, err := range events {
		if err != nil {
			return err
		}
		t.add(moment(event.At), event.Who, dash(event.KeyID), dash(addrText(event.Source)), event.Action, event.Object, dash(event.Reason))
	}
	return t.print(s.out, s.outTerminal)
}

// addrText writes an address, "" for none.
func addrText(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}
