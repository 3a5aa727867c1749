package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"penaltybox/scoring"
)

// runOffline tells the audit of a stopped server's ledger.
func (cmd *auditCommand) runOffline(ctx context.Context, s *streams, ledger *offline) error {
	var wanted scoring.AuditRange
	var err error
	if wanted.Since, err = pastMoment("since", cmd.Since, s.now()); err != nil {
		return err
	}
	if wanted.Until, err = pastMoment("until", cmd.Until, s.now()); err != nil {
		return err
	}
	if err := cmd.print(s, cmd.only(ledger.ledger.Audit(ctx, wanted))); err != nil {
		return fmt.Errorf("reading the audit: %w", err)
	}
	return nil
}

// only leaves out what is not asked for, as the API does.
func (cmd *auditCommand) only(events iter.Seq2[scoring.AuditEvent, error]) iter.Seq2[scoring.AuditEvent, error] {
	return func(yield func(scoring.AuditEvent, error) bool) {
		for event, err := range events {
			asked := (cmd.Who == "" || event.Who == cmd.Who) && (cmd.Action == "" || event.Action == cmd.Action) && strings.HasPrefix(event.Object, cmd.Object)
			if (asked || err != nil) && !yield(event, err) {
				return
			}
		}
	}
}

// pastMoment reads RFC 3339, or how long ago; "" is the zero time.
func pastMoment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := scoring.ParseDuration(text); err == nil {
		return now.Add(-time.Duration(ago)), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, usagef("--%s %q: want such as 7d, or 2026-11-22T10:00:00Z", flag, text)
	}
	return at, nil
}

// writeAuditCSV writes events with a heading (RFC 4180), for spreadsheets.
func writeAuditCSV(out io.Writer, events iter.Seq2[scoring.AuditEvent, error]) error {
	rows := csv.NewWriter(out)
	rows.Write([]string{"id", "at", "who", "key_id", "source", "action", "object", "reason", "before", "after"})
	for event, err := range events {
		if err != nil {
			return err
		}
		row := []string{
			event.ID.String(), moment(event.At), event.Who, event.KeyID, addrText(event.Source),
			event.Action, event.Object, event.Reason, string(event.Before), string(event.After),
		}
		for i := range row {
			row[i] = plainCell(row[i])
		}
		rows.Write(row) // Flush tells what went wrong
	}
	rows.Flush()
	return rows.Error()
}

// plainCell keeps a spreadsheet from taking what somebody wrote for a formula.
func plainCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
