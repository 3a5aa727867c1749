package redisledger_test

import (
	"strconv"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/ledgertest"
	"penaltybox/scoring/redisledger"
	"penaltybox/scoring/redisledger/redistest"
)

var _ ledgertest.Ledger = (*redisledger.Ledger)(nil)

// backend is a fresh server for one story of the contract.
func backend(server *redistest.Server, url string) ledgertest.Backend {
	return ledgertest.Backend{
		Open: func(t *testing.T) (ledgertest.Ledger, error) {
			return redisledger.Open(t.Context(), redisledger.Options{URL: url, VisibleWithin: patience})
		},
		Holds:  func(_ *testing.T, text string) bool { return server.Holds(text) },
		Nodes:  true,
		Schema: 1,
		SetSchema: func(t *testing.T, version int) {
			server.Do("HSET", "pb:meta", "schema", strconv.Itoa(version))
			if version == 0 {
				server.Do("HDEL", "pb:meta", "state")
				for _, key := range ledgerKeys() {
					server.Do("DEL", key)
				}
			}
		},
		Interrupt: func(t *testing.T) func() {
			server.Kill()
			return func() { server.Restart() }
		},
		Gap: func(t *testing.T) {
			for shard := range scoring.Shards {
				tag := "pb:{" + strconv.Itoa(shard) + "}:"
				server.Do("EVAL", loseEntry, "2", tag+"ledger", tag+"feed")
			}
		},
	}
}

// ledgerKeys are the keys that schema 0 did not have.
func ledgerKeys() []string {
	keys := []string{"pb:{pb}:ledger"}
	for shard := range scoring.Shards {
		keys = append(keys, "pb:{"+strconv.Itoa(shard)+"}:ledger")
	}
	return keys
}

// loseEntry appends to a feed what no follower gets to see.
const loseEntry = `
local id = redis.call('XADD', KEYS[2], '*', 'p', redis.call('HGET', KEYS[1], 'tail') or '0-0', 'e', '')
redis.call('XDEL', KEYS[2], id)
redis.call('HSET', KEYS[1], 'tail', id)
return id`

func TestLedger_contract(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(t *testing.T) ledgertest.Backend {
		server := redistest.StartDurable(t, "--rdbcompression", "no")
		return backend(server, server.URL())
	})
}

func TestLedger_contract_cluster(t *testing.T) {
	t.Parallel()
	// A Cluster takes seconds to begin: the stories share two, emptied. One
	// story looks at two ledgers at once.
	servers := []*redistest.Server{
		redistest.StartCluster(t, "--appendonly", "yes", "--appendfsync", "no", "--rdbcompression", "no"),
		redistest.StartCluster(t, "--appendonly", "yes", "--appendfsync", "no", "--rdbcompression", "no"),
	}
	calls := 0
	ledgertest.Run(t, func(t *testing.T) ledgertest.Backend {
		calls++
		server := servers[calls%len(servers)]
		server.Do("FLUSHALL")
		return backend(server, server.URL()+"?cluster=true")
	})
}
