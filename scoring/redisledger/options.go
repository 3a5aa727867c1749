package redisledger

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Options say where the ledger is and how to treat it.
type Options struct {
	// URL of the server:
	//
	//	redis://user:password@host:6379/0          one server; rediss:// with TLS
	//	unix:///run/redis/redis.sock?db=0          one server, over a socket
	//	redis://host:6379?addr=host2:6379          a Cluster, by several of its nodes;
	//	redis://host:6379?cluster=true             or by one
	//	redis://host:26379?master_name=pb&addr=…   Sentinels; username= and password= are the master's
	//
	// Timeouts and pool sizes may be given as go-redis names them
	// (dial_timeout=3s, pool_size=50).
	URL string
	// Expect is the id of the ledger that the node belongs to. Empty: take
	// the ledger that is there, or make a new one if there is none.
	Expect string
	// ReadOnly never makes a ledger nor brings an old one up to date: for
	// nodes that only follow, which can then do with a user who may read
	// (+@read +@connection +time +info). A server without a ledger that is
	// up to date is scoring.ErrUnavailable then, unless Expect names one.
	ReadOnly bool
	// WaitReplicas is how many replicas must have a write before it is
	// acknowledged. 0: a failover may lose the last acknowledged writes.
	WaitReplicas int
	// AllowEviction accepts a server that drops keys when its memory is
	// full. Incidents can then vanish before they expire.
	AllowEviction bool
	// VisibleWithin is how long Record waits until the node's own follower
	// has what was recorded; 0: a second.
	VisibleWithin time.Duration
	// Logger gets warnings about the server; nil: nobody does.
	Logger *slog.Logger
	// Clock is the node's own time; nil: time.Now.
	Clock func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.VisibleWithin = cmp.Or(o.VisibleWithin, visibleWithin)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return o
}

// endpoint knows how to connect to a server or servers.
type endpoint struct {
	name    string // for people, without secrets
	cluster bool
	// connect makes a client for ordinary commands.
	connect func() redis.UniversalClient
	// connectFeed makes a client for blocking reads. It tries once: the
	// follower does its own trying again.
	connectFeed func() redis.UniversalClient
}

// parseURL reads Options.URL. Its errors never repeat the URL, which may hold
// a password.
func parseURL(text string) (endpoint, error) {
	u, err := url.Parse(text)
	if err != nil {
		if fault, ok := errors.AsType[*url.Error](err); ok {
			err = fault.Err
		}
		return endpoint{}, fmt.Errorf("redis URL: %w; want such as redis://127.0.0.1:6379", err)
	}
	query := u.Query()
	var e endpoint
	switch {
	case query.Has("master_name"):
		e, err = sentinelEndpoint(text)
	case query.Has("addr") || query.Get("cluster") == "true":
		query.Del("cluster")
		u.RawQuery = query.Encode()
		e, err = clusterEndpoint(u.String())
	default:
		e, err = singleEndpoint(text)
	}
	if err != nil {
		return endpoint{}, fmt.Errorf("redis URL: %w; want such as redis://127.0.0.1:6379", err)
	}
	return e, nil
}

// dialOnce keeps a server that is gone from holding up reports: commands are
// tried again anyway.
const dialOnce = 1

// feedConnections is what all blocking reads at once take from one node's
// pool, with some left for reading snapshots.
const feedConnections = feeds + 8

func singleEndpoint(text string) (endpoint, error) {
	parsed, err := redis.ParseURL(text)
	if err != nil {
		return endpoint{}, err
	}
	parsed.ContextTimeoutEnabled = true
	parsed.DialerRetries = cmp.Or(parsed.DialerRetries, dialOnce)
	parsed.MaintNotificationsConfig = quiet()
	feed := *parsed
	feed.MaxRetries, feed.PoolSize = -1, feedConnections
	return endpoint{
		name:        parsed.Addr,
		connect:     func() redis.UniversalClient { o := *parsed; return redis.NewClient(&o) },
		connectFeed: func() redis.UniversalClient { o := feed; return redis.NewClient(&o) },
	}, nil
}

func clusterEndpoint(text string) (endpoint, error) {
	parsed, err := redis.ParseClusterURL(text)
	if err != nil {
		return endpoint{}, err
	}
	parsed.ContextTimeoutEnabled = true
	parsed.DialerRetries = cmp.Or(parsed.DialerRetries, dialOnce)
	parsed.MaintNotificationsConfig = quiet()
	feed := *parsed
	feed.MaxRetries, feed.PoolSize = -1, feedConnections
	return endpoint{
		name:        strings.Join(parsed.Addrs, ","),
		cluster:     true,
		connect:     func() redis.UniversalClient { o := *parsed; return redis.NewClusterClient(&o) },
		connectFeed: func() redis.UniversalClient { o := feed; return redis.NewClusterClient(&o) },
	}, nil
}

func sentinelEndpoint(text string) (endpoint, error) {
	parsed, err := redis.ParseFailoverURL(text)
	if err != nil {
		return endpoint{}, err
	}
	parsed.ContextTimeoutEnabled = true
	parsed.DialerRetries = cmp.Or(parsed.DialerRetries, dialOnce)
	feed := *parsed
	feed.MaxRetries, feed.PoolSize = -1, feedConnections
	return endpoint{
		name:        parsed.MasterName + " of " + strings.Join(parsed.SentinelAddrs, ","),
		connect:     func() redis.UniversalClient { o := *parsed; return redis.NewFailoverClient(&o) },
		connectFeed: func() redis.UniversalClient { o := feed; return redis.NewFailoverClient(&o) },
	}, nil
}

// quiet keeps the client from asking for notifications that only managed
// services send and others log as a fault.
func quiet() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}
