package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"golang.org/x/sync/errgroup"

	"penaltybox/scoring"
)

// amendedAtOnce is how many incidents are changed at a time.
const amendedAtOnce = 16

// withdraw takes back what is absent from the file. Lines that could not be
// read may hold what would be withdrawn, so they want --force.
func (r *importRun) withdraw(ctx context.Context) error {
	var absent []heldIncident
	for prefix, incidents := range r.present {
		if !r.list.known[prefix] {
			absent = append(absent, incidents...)
		}
	}
	if len(absent) > 0 && len(r.list.failures) > 0 && !r.cmd.Force {
		err := fmt.Errorf("%d lines could not be read, so the %d incidents that seem to be absent stay", len(r.list.failures), len(absent))
		return withHint(err, "mend the lines, or withdraw all the same with --force")
	}
	r.progress.total += int64(len(absent))
	change := map[string]any{"withdrawn": true, "reason": "no longer in the imported list"}
	return r.amend(ctx, absent, "withdrawing", change, &r.sum.Withdrawn)
}

// amend changes incidents and counts them, several at a time: the server stores
// together what comes together.
func (r *importRun) amend(ctx context.Context, incidents []heldIncident, doing string, change map[string]any, counter *int) error {
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(amendedAtOnce)
	var mu sync.Mutex
	for _, in := range incidents {
		if running.Err() != nil {
			break
		}
		group.Go(func() error {
			found, err := r.change(ctx, in, change) // what is under way is done and counted, when another fails
			if err != nil {
				return fmt.Errorf("%s %s of %s: %w", doing, in.id, in.prefix, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if found {
				*counter++
			}
			r.advance(1)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// change changes one incident, and tells whether it was still there: one that has
// expired meanwhile needs no change.
func (r *importRun) change(ctx context.Context, in heldIncident, change map[string]any) (bool, error) {
	if r.cmd.DryRun {
		return true, nil
	}
	target := in.prefix.Addr().String()
	if scoring.IsRange(in.prefix) {
		target = in.prefix.String()
	}
	path := "/v1/incidents/" + pathOf(target) + "/" + url.PathEscape(in.id)
	_, err := r.client.call(ctx, request{method: http.MethodPatch, path: path, body: change}, nil)
	if gone, ok := errors.AsType[*problem](err); ok && gone.Status == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}
