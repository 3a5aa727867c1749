package redisledger

import (
	"context"
	_ "embed" // the scripts
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
)

var (
	//go:embed start.lua
	startLua string
	//go:embed record.lua
	recordLua string
	//go:embed amend.lua
	amendLua string
	//go:embed control.lua
	controlLua string
	//go:embed audit.lua
	auditLua string
	//go:embed addaudit.lua
	addAuditLua string
	//go:embed erase.lua
	eraseLua string
	//go:embed prune.lua
	pruneLua string
	//go:embed eraseincident.lua
	eraseIncidentLua string

	startScript   = newScript(startLua)
	recordScript  = newScript(recordLua)
	amendScript   = newScript(auditLua + amendLua)
	controlScript = newScript(auditLua + controlLua)
	auditScript   = newScript(auditLua + addAuditLua)
	eraseScript   = newScript(eraseLua)
	pruneScript   = newScript(pruneLua)

	eraseIncidentScript = newScript(eraseIncidentLua)
)

// script is a script with its source, for servers that do not know it yet.
type script struct {
	*redis.Script
	source string
}

func newScript(source string) script { return script{redis.NewScript(source), source} }

// callsPerTrip bounds one round trip, so that it stays within the client's
// read timeout on a busy server.
const callsPerTrip = 32

// waitTimeout bounds the wait for replicas; it stays below the client's read
// timeout.
const waitTimeout = time.Second

// call is one call of a writing script: all of its keys are one shard's.
type call struct {
	feed int
	keys []string
	args []any
	// What became of it.
	at  position // the feed's tail after it
	err error
}

// newCall begins a call with what every writing script takes first.
func (l *Ledger) newCall(feed int) *call {
	return &call{
		feed: feed,
		keys: []string{ledgerKey(feed), feedKey(feed)},
		args: []any{l.id, feedLength},
	}
}

// run calls a script for every call, many in one round trip, and leaves in each what became of it. A script that was carried
// out although its answer was lost is sent again by the client: every script
// is harmless the second time.
func (l *Ledger) run(ctx context.Context, s script, calls ...*call) {
	l.send(ctx, calls, func(p redis.Pipeliner, c *call) *redis.Cmd {
		return p.EvalSha(ctx, s.Hash(), c.keys, c.args...)
	})
	unknown := slices.DeleteFunc(slices.Clone(calls), func(c *call) bool {
		return !redis.HasErrorPrefix(c.err, "NOSCRIPT")
	})
	if len(unknown) > 0 {
		// The server was restarted or promoted, or never saw the script.
		l.send(ctx, unknown, func(p redis.Pipeliner, c *call) *redis.Cmd {
			return p.Eval(ctx, s.source, c.keys, c.args...)
		})
	}
	for _, c := range calls {
		c.err = fault(ctx, c.err)
	}
}

func (l *Ledger) send(ctx context.Context, calls []*call, queue func(redis.Pipeliner, *call) *redis.Cmd) {
	if l.waitReplicas == 0 || !l.endpoint.cluster {
		for some := range slices.Chunk(calls, callsPerTrip) {
			l.sendTo(ctx, l.client, some, queue)
		}
		return
	}
	// WAIT speaks of its own connection: it must go to the shard's master.
	for _, c := range calls {
		master, err := l.client.(*redis.ClusterClient).MasterForKey(ctx, c.keys[0])
		if err != nil {
			c.err = err
			continue
		}
		l.sendTo(ctx, master, []*call{c}, queue)
	}
}

func (l *Ledger) sendTo(ctx context.Context, client redis.UniversalClient, calls []*call, queue func(redis.Pipeliner, *call) *redis.Cmd) {
	pipe := client.Pipeline()
	replies := make([]*redis.Cmd, len(calls))
	for i, c := range calls {
		replies[i] = queue(pipe, c)
	}
	var wait *redis.Cmd
	if l.waitReplicas > 0 {
		wait = pipe.Do(ctx, "WAIT", l.waitReplicas, waitTimeout.Milliseconds())
	}
	_, _ = pipe.Exec(ctx) // every reply has its own error
	for i, c := range calls {
		c.settle(replies[i], l.id)
		if wait != nil && c.err == nil {
			c.err = replicated(wait, l.waitReplicas)
		}
	}
}

// settle reads a script's answer.
func (c *call) settle(reply *redis.Cmd, id string) {
	answer, err := reply.StringSlice()
	switch {
	case err != nil:
		c.err = err
	case len(answer) == 2 && answer[1] != "":
		found := strings.TrimPrefix(answer[1], "none")
		c.err = unavailable(otherLedger(c.keys[0], found, id))
	case len(answer) == 2:
		c.at, c.err = parsePosition(answer[0])
	case len(answer) == 3 && answer[2] == "conflict":
		c.err = scoring.ErrConflict
	case len(answer) == 3 && answer[2] == "gone":
		c.err = scoring.ErrNotFound
	default:
		c.err = fmt.Errorf("script answered %q", answer)
	}
}

// replicated tells whether WAIT counted enough replicas.
func replicated(wait *redis.Cmd, want int) error {
	have, err := wait.Int()
	if err == nil && have < want {
		err = fmt.Errorf("%w: written, but only %d of %d replicas have it", scoring.ErrUnavailable, have, want)
	}
	return err
}
