package redisledger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
)

// fault says what an error of Redis means to a ledger's caller.
//
// No answer (connection refused, reset, timed out, pool exhausted) and
// answers that other moments would not give (loading, read-only, out of
// memory, disk full, no such slot, too many clients, access denied) are
// scoring.ErrUnavailable: nothing was acknowledged, sending again is safe.
// A key of the wrong type is scoring.ErrSchema: something else lives under our
// names. The caller's own context speaks for itself. Anything else is a fault
// of this package and stays as it is.
func fault(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, scoring.ErrUnavailable), errors.Is(err, scoring.ErrSchema), errors.Is(err, scoring.ErrOtherLedger), errors.Is(err, scoring.ErrConflict), errors.Is(err, scoring.ErrNotFound):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	reply, answered := errors.AsType[redis.Error](err)
	if !answered {
		return fmt.Errorf("%w: %w", scoring.ErrUnavailable, err)
	}
	text := reply.Error()
	switch {
	case strings.Contains(text, "WRONGTYPE"):
		return fmt.Errorf("%w: a key of another type stands under pb: %w", scoring.ErrSchema, err)
	case passing(text):
		return fmt.Errorf("%w: %w", scoring.ErrUnavailable, err)
	}
	return err
}

// denied makes of an access that is denied at the start a fault of the
// settings, which waiting does not mend.
func denied(err error) error {
	if reply, answered := errors.AsType[redis.Error](err); answered {
		switch code, _, _ := strings.Cut(reply.Error(), " "); code {
		case "NOAUTH", "WRONGPASS", "NOPERM":
			return fmt.Errorf("access denied: %s; check the user and password in the URL, and that the user may use all commands on keys pb:* (reading ones, to follow only)", reply.Error())
		}
	}
	return err
}

// passing tells whether another moment, or the operator, mends what Redis
// answers. Before version 7 the code of an error within a script stands in
// the middle of the text, after a hyphen.
func passing(reply string) bool {
	code, _, _ := strings.Cut(reply, " ")
	if code == "ERR" {
		if strings.Contains(reply, "max number of clients") {
			return true
		}
		_, inner, found := strings.Cut(reply, ": -")
		if !found {
			return false
		}
		code, _, _ = strings.Cut(inner, " ")
	}
	switch code {
	case "LOADING", "READONLY", "OOM", "MISCONF", "BUSY", "MASTERDOWN", "NOREPLICAS", "UNBLOCKED",
		"CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK",
		"NOAUTH", "WRONGPASS", "NOPERM", "DENIED":
		return true
	}
	return false
}
