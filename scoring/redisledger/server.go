package redisledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// minimum is the oldest Redis that has what the scripts use: SET with EXAT.
const minimum = "6.2"

// checkServer makes sure that the server, or every master of a Cluster, is
// one that keeps what it is given. Who only reads leaves advice to those who
// write, and does not repeat it while it waits for them.
func (l *Ledger) checkServer(ctx context.Context, options Options) error {
	advise := l.logger
	if options.ReadOnly {
		advise = slog.New(slog.DiscardHandler)
	}
	check := func(ctx context.Context, client redis.Cmdable, name string) error {
		info, err := client.Info(ctx).Result()
		if reply, answered := errors.AsType[redis.Error](err); answered && strings.HasPrefix(reply.Error(), "NOPERM") {
			advise.WarnContext(ctx, "redis does not tell its settings; check by yourself that maxmemory-policy is noeviction and appendonly is yes",
				slog.String("server", name))
			return nil
		}
		if err != nil {
			return fault(ctx, err)
		}
		return l.checkInfo(ctx, advise, parseInfo(info), name, options.AllowEviction)
	}
	if cluster, ok := l.client.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, client *redis.Client) error {
			return check(ctx, client, client.Options().Addr)
		})
	}
	return check(ctx, l.client, l.endpoint.name)
}

// checkInfo judges what the INFO command says of one server.
func (l *Ledger) checkInfo(ctx context.Context, advise *slog.Logger, info map[string]string, name string, allowEviction bool) error {
	if version := info["redis_version"]; info["valkey_version"] == "" && version != "" && !atLeast(version, minimum) {
		return fmt.Errorf("redis at %s: version %s is too old; want %s or newer, or Valkey", name, version, minimum)
	}
	if info["redis_mode"] == "cluster" && !l.endpoint.cluster {
		return fmt.Errorf("redis at %s: is a node of a Cluster; add ?cluster=true to its URL", name)
	}
	policy, limit := info["maxmemory_policy"], info["maxmemory"]
	switch evicts := policy != "" && policy != "noeviction"; {
	case evicts && limit != "" && limit != "0" && !allowEviction:
		return fmt.Errorf("redis at %s: maxmemory-policy is %s: incidents would vanish when its memory is full; set maxmemory-policy to noeviction", name, policy)
	case evicts:
		advise.WarnContext(ctx, "redis drops incidents when its memory is full; set maxmemory-policy to noeviction",
			slog.String("server", name), slog.String("maxmemory_policy", policy), slog.String("maxmemory", limit))
	}
	if info["aof_enabled"] == "0" {
		advise.WarnContext(ctx, "redis loses its last writes when it crashes; set appendonly to yes",
			slog.String("server", name))
	}
	return nil
}

// parseInfo reads the lines "name:value" of INFO.
func parseInfo(text string) map[string]string {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			info[name] = value
		}
	}
	return info
}

// atLeast compares dotted versions by number.
func atLeast(version, least string) bool {
	have, want := strings.Split(version, "."), strings.Split(least, ".")
	for i, part := range want {
		w, _ := strconv.Atoi(part)
		h := 0
		if i < len(have) {
			h, _ = strconv.Atoi(have[i])
		}
		if h != w {
			return h > w
		}
	}
	return true
}

// promptAnswer is how soon the server must answer for its time to be taken: a
// late answer tells little.
const promptAnswer = 100 * time.Millisecond

// sampleClock learns how far the server's clock is from the node's.
func (l *Ledger) sampleClock(ctx context.Context, client redis.UniversalClient) error {
	before := l.clock()
	theirs, err := client.Time(ctx).Result()
	if err != nil {
		return fault(ctx, err)
	}
	took := l.clock().Sub(before)
	if took > promptAnswer && l.sampled.Load() {
		return nil
	}
	// The server looked at its clock about half way.
	l.offset.Store(int64(theirs.Sub(before.Add(took / 2))))
	l.sampled.Store(true)
	return nil
}
