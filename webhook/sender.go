package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// Zone is a zone as far as events need it.
type Zone struct {
	Name  string
	Rule  int // its index on the scoreboard
	Codes scoring.Codes
}

// Log is what a sender asks of the scoreboard.
type Log interface {
	Version() uint64
	VersionAt(moment time.Time) uint64
	OldestVersion() uint64
	ChangesAfter(version uint64, most int) ([]scoring.Change, uint64, bool)
}

// Claims is what a sender asks of the registrar.
type Claims interface {
	ClaimWebhook(ctx context.Context, now time.Time, name, node string, lease time.Duration, keep func(*control.WebhookState)) (control.WebhookState, error)
	StopWebhook(ctx context.Context, now time.Time, name, why string) error
}

// Config is what a sender is made of. All is needed but Node, Retry and Logger.
type Config struct {
	Log    Log
	Book   *control.Book
	Claims Claims
	// Zones returns the zones; they may change.
	Zones func() []Zone
	Now   func() time.Time // the ledger's time
	// Node names this node among all that may send; empty: it is the only one.
	Node string
	// Lease is how long a claim lasts. Another node takes over when it is over.
	Lease      time.Duration
	Retry      Retry // zero: DefaultRetry
	Registerer prometheus.Registerer
	Logger     *slog.Logger
}

// Sender sends webhooks.
type Sender struct {
	Config
	client *http.Client
	meters *meters
	began  uint64 // the version from which on changes are news
}

// sendTimeout bounds one attempt.
const sendTimeout = 5 * time.Second

// New returns a sender for a scoreboard that was loaded: what is on it is no
// news.
func New(config Config) (*Sender, error) {
	if config.Log == nil || config.Book == nil || config.Claims == nil || config.Zones == nil || config.Now == nil || config.Lease < time.Second || config.Registerer == nil {
		return nil, errors.New("making the webhooks' sender: log, book, claims, zones, now, lease and registerer are all needed")
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Retry == (Retry{}) {
		config.Retry = DefaultRetry()
	}
	meters, err := newMeters(config.Registerer)
	if err != nil {
		return nil, fmt.Errorf("making the webhooks' sender: %w", err)
	}
	return &Sender{Config: config, client: newClient(), meters: meters, began: config.Log.Version()}, nil
}

func newClient() *http.Client {
	return &http.Client{
		Transport: newTransport(),
		Timeout:   sendTimeout,
		// What is signed for one receiver is not for another.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// lookEvery is how often couriers look for webhooks, claims and news.
const lookEvery = time.Second

// Run sends until ctx ends.
func (s *Sender) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	couriers := map[string]context.CancelFunc{}
	defer func() {
		for _, stop := range couriers {
			stop()
		}
	}()
	for {
		wanted := map[string]bool{}
		for _, webhook := range s.Book.Webhooks() {
			id := webhook.Name + "@" + webhook.Created.String()
			wanted[id] = webhook.Stopped.IsZero()
			if couriers[id] == nil && wanted[id] {
				courierCtx, stop := context.WithCancel(ctx)
				couriers[id] = stop
				c := &courier{Sender: s, name: webhook.Name}
				wg.Go(func() { c.run(courierCtx) })
			}
		}
		for id, stop := range couriers {
			if !wanted[id] {
				stop()
				delete(couriers, id)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookEvery):
		}
	}
}

// Test sends one event by a webhook, now and from this node, and returns the
// answer's status.
func (s *Sender) Test(ctx context.Context, name string) (int, error) {
	if _, known := s.Book.Webhook(name); !known {
		return 0, fmt.Errorf("webhook %q: %w", name, scoring.ErrNotFound)
	}
	now := s.Now()
	m, err := newMessage(now, []Event{named(Event{Event: "test", Time: now, Reason: "somebody tries whether this webhook works"})}, 0)
	if err != nil {
		return 0, err
	}
	return m.send(ctx, s.client, s.Book.WebhookSecret(name), now)
}

// unwrapURL drops the URL, which may be a secret, from an error.
func unwrapURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		if wrapped.Timeout() {
			return errors.New("no answer in time")
		}
		return wrapped.Err
	}
	return err
}
