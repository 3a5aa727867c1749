package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// importRun carries a list to the server.
type importRun struct {
	cmd      *importCommand
	client   *client
	streams  *streams
	list     *importList
	kind     string // in full
	present  map[netip.Prefix][]heldIncident
	progress readProgress // in addresses
	sum      importSum
}

// all reports what does not count yet, extends what would end soon, and
// withdraws what is absent.
func (r *importRun) all(ctx context.Context) (err error) {
	r.sum.Excluded, r.sum.Repeated = r.list.excluded, r.list.repeated
	for _, failed := range r.list.failures {
		r.fail(failed)
	}
	if len(r.list.targets) == 0 && !r.cmd.Force {
		err := fmt.Errorf("there is no address in it, read as %s (%d lines could not be taken)", r.list.file.Format, len(r.list.failures))
		return withHint(err, "if that is right, insist with --force; if not, name its format with --format")
	}
	r.progress = readProgress{s: r.streams, total: int64(len(r.list.targets)), begun: r.streams.now()}
	probed, end, err := r.cmd.act(ctx, r.client)
	defer func() { err = errors.Join(err, end()) }()
	if err != nil {
		return err
	}
	r.sum.Reporter, r.sum.Kind, r.kind = probed.Reporter, probed.Kind, probed.Kind
	if err := r.find(ctx, probed.Reporter); err != nil {
		return fmt.Errorf("reading what %s has reported: %w", probed.Reporter, err)
	}
	fresh, ending := r.compare()
	if err := r.report(ctx, fresh); err != nil {
		return err
	}
	if err := r.amend(ctx, ending, "extending", map[string]any{"ttl": r.cmd.TTL.String()}, &r.sum.Extended); err != nil {
		return err
	}
	if !r.cmd.Replace {
		return nil
	}
	return r.withdraw(ctx)
}

// heldIncident is an incident that counts now.
type heldIncident struct {
	prefix  netip.Prefix
	id      string
	expires time.Time
}

// find reads what the reporter has reported with the kind and counts now, as one
// answer of one incident a line.
func (r *importRun) find(ctx context.Context, reporter string) error {
	r.present = map[netip.Prefix][]heldIncident{}
	response, err := r.client.open(ctx, request{
		path: "/v1/incidents", accept: "application/x-ndjson",
		query: url.Values{"reporter": {reporter}, "kind": {r.kind}, "withdrawn": {"false"}},
	})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if kind := response.Header.Get("Content-Type"); kind != "application/x-ndjson" {
		return withHint(fmt.Errorf("the server answers with %s", kind), "it may be older than this program")
	}
	now, decoder := r.streams.now(), json.NewDecoder(response.Body)
	for {
		var in incidentView
		if err := decoder.Decode(&in); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("after %d incidents: %w", len(r.present), err)
		}
		prefix, err := netip.ParsePrefix(in.Prefix)
		if err != nil {
			return fmt.Errorf("incident %s: %w", in.ID, err)
		}
		if in.Kind == r.kind && in.Expires.After(now) {
			r.present[prefix] = append(r.present[prefix], heldIncident{prefix, in.ID, in.Expires})
		}
	}
}

// compare finds what is to be reported, and what counts already but ends soon.
func (r *importRun) compare() (fresh []importTarget, ending []heldIncident) {
	soon := r.streams.now().Add(time.Duration(r.cmd.TTL) / 2)
	for _, target := range r.list.targets {
		present := r.present[target.prefix]
		switch {
		case len(present) == 0:
			fresh = append(fresh, target)
		case r.cmd.TTL > 0 && latest(present).expires.Before(soon):
			ending = append(ending, latest(present))
		default:
			r.sum.Unchanged++
			r.progress.done++
		}
	}
	return fresh, ending
}

func latest(incidents []heldIncident) heldIncident {
	last := incidents[0]
	for _, in := range incidents[1:] {
		if in.expires.After(last.expires) {
			last = in
		}
	}
	return last
}

// report sends the targets in batches, as rows of one run: a batch that the
// transport repeats counts once.
func (r *importRun) report(ctx context.Context, targets []importTarget) error {
	run := rand.Text()
	for len(targets) > 0 {
		batch := targets[:min(batchRows, len(targets))]
		targets = targets[len(batch):]
		if r.cmd.DryRun {
			r.sum.Recorded += len(batch)
			continue
		}
		var body bytes.Buffer
		encoder := json.NewEncoder(&body)
		for _, target := range batch {
			if err := encoder.Encode(r.row(run, target)); err != nil {
				return fmt.Errorf("line %d: %w", target.line, err)
			}
		}
		var answer bulkAnswer
		_, err := r.client.call(ctx, request{
			method: http.MethodPost, path: "/v1/incidents", query: forced(r.cmd.Force), raw: body.Bytes(), kind: "application/x-ndjson",
			also: http.StatusServiceUnavailable,
		}, &answer)
		if err == nil && len(answer.Rows) != len(batch) {
			err = fmt.Errorf("the server answered %d rows of %d", len(answer.Rows), len(batch))
		}
		if err != nil {
			return fmt.Errorf("lines %d to %d: %w", batch[0].line, batch[len(batch)-1].line, err)
		}
		r.count(batch, answer)
		r.advance(len(batch))
		if answer.Unavailable > 0 {
			return fmt.Errorf("the ledger is unavailable; %d addresses from line %d on were not sent", len(targets), batch[len(batch)-1].line)
		}
	}
	return nil
}

func (r *importRun) row(run string, target importTarget) reportRow {
	row := reportRow{IP: target.ip(), Kind: r.kind, Points: r.cmd.Points, Note: r.cmd.Note, ID: "import:" + run + ":" + target.ip()}
	if row.Note == "" {
		row.Note = target.note
	}
	if r.cmd.TTL > 0 {
		row.TTL = r.cmd.TTL.String()
	}
	return row
}

func (r *importRun) count(batch []importTarget, answer bulkAnswer) {
	r.sum.Recorded += answer.Recorded + answer.Duplicates
	r.sum.Ignored += answer.Ignored
	for i, row := range answer.Rows {
		failed := failedLine{Line: batch[i].line, Address: batch[i].ip()}
		switch row.Status {
		case "refused":
			failed.Problem, failed.Hint = row.Problem.Error(), row.Problem.Hint()
			r.fail(failed)
		case "unavailable":
			failed.Problem = "not stored: the ledger is unavailable"
			r.fail(failed)
			r.sum.Refused--
			r.sum.Unavailable++
		}
	}
}

// fail counts and tells a line that was not taken, at once: a long run may be
// cut.
func (r *importRun) fail(failed failedLine) {
	r.sum.Refused++
	if r.cmd.JSON {
		r.sum.Failures = append(r.sum.Failures, failed)
		return
	}
	r.progress.clear()
	text := "line " + strconv.Itoa(failed.Line) + ": " + printableCell(failed.Problem)
	if failed.Hint != "" {
		text += " (" + printableCell(failed.Hint) + ")"
	}
	fmt.Fprintln(r.streams.err, text)
}

func (r *importRun) advance(n int) {
	r.progress.done += int64(n)
	r.progress.paint()
}
