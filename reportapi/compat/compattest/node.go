// Package compattest runs a whole node but for its listeners, so that adapters
// of foreign formats are tested as their clients meet them: through the server's
// handler, with keys, an embedded ledger and a scoreboard.
package compattest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penaltybox/reportapi"
	"penaltybox/scoring"
	"penaltybox/scoring/boltledger"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// Start is when every story begins.
func Start() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

const (
	ServerAddr = "192.0.2.1"    // the server's own
	ClientAddr = "198.51.100.9" // where requests come from
)

// Node is a node with one zone, bl.example, and a reporter with a key for each
// role, named after it.
type Node struct {
	http.Handler
	Board     *scoring.Scoreboard
	Book      *control.Book
	Registrar *control.Registrar
	Keys      map[control.Role]string
	Log       *Log
	Fault     atomic.Pointer[error] // of the ledger; nil: it works
	Loaded    atomic.Bool

	ledger *boltledger.Ledger
	clock  atomic.Int64
}

// New starts a node that ends with the test; alter changes its configuration
// first.
func New(t testing.TB, alter ...func(*reportapi.Config)) *Node {
	t.Helper()
	n := &Node{Log: &Log{}, Keys: map[control.Role]string{}}
	n.clock.Store(Start().Unix())
	rule := scoring.Rule{Categories: scoring.AllCategories}
	var err error
	n.Board, err = scoring.NewScoreboard(scoring.DefaultPolicy(), []scoring.Rule{rule})
	must(t, err)
	n.Book = control.NewBook()
	n.ledger, err = boltledger.Open(filepath.Join(t.TempDir(), "ledger.db"), boltledger.Options{Now: n.Now})
	must(t, err)
	ledger := shakyLedger{n.ledger, n}
	n.Registrar = control.NewRegistrar(n.Book, ledger)
	n.follow(t)

	rejections := intake.NewRejections()
	in, err := intake.New(intake.Config{Rejections: rejections, Ledger: ledger, Board: n.Board, Policies: n.Book, Keys: n.Book, Own: intake.Own(netip.MustParseAddr(ServerAddr))})
	must(t, err)
	zones := []reportapi.Zone{{Name: "bl.example", Rule: rule}}
	config := reportapi.Config{
		Board: n.Board, Intake: in, Book: n.Book, Registrar: n.Registrar, Details: ledger, Audit: n.ledger, Rejections: rejections, Eraser: control.NewEraser(n.Registrar, n.ledger),
		Zones:     func() []reportapi.Zone { return zones },
		Explainer: silence{}, Publisher: silence{}, QueryLogger: silence{},
		Now: n.Now, Ready: func() (bool, error) { return n.Loaded.Load(), nil },
		Backup: func(context.Context, io.Writer) error { return nil }, LedgerID: n.ledger.ID,
		Version: "1.2.3", Registry: prometheus.NewRegistry(), ServeMetrics: true,
		Logger:  slog.New(slog.NewTextHandler(n.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Foreign: reportapi.Foreign{Once: 15 * time.Minute},
	}
	for _, change := range alter {
		change(&config)
	}
	n.Handler, err = reportapi.New(config)
	must(t, err)
	for _, role := range control.Roles() {
		n.Keys[role] = n.AddReporter(t, string(role), role)
	}
	return n
}

// AddReporter adds a reporter and returns its key.
func (n *Node) AddReporter(t testing.TB, name string, role control.Role) string {
	t.Helper()
	_, err := n.Registrar.AddReporter(t.Context(), n.Now(), name, role)
	must(t, err)
	_, key, err := n.Registrar.AddKey(t.Context(), n.Now(), control.KeyOrder{Reporter: name, Role: role})
	must(t, err)
	return key
}

// Now is the node's time.
func (n *Node) Now() time.Time { return time.Unix(n.clock.Load(), 0).UTC() }

// Wait lets time pass, and the scoreboard notice.
func (n *Node) Wait(d time.Duration) {
	n.clock.Add(int64(d / time.Second))
	n.Board.Sweep(n.Now(), true)
}

// Do makes a request: "GET /path", a body, headers as "Name: value".
func (n *Node) Do(line, body string, headers ...string) *httptest.ResponseRecorder {
	method, target, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr = ClientAddr + ":40000"
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	return w
}

// Score returns the points of an address, and whether it is listed.
func (n *Node) Score(addr string) (int, bool) {
	standing := n.Board.Standing(netip.MustParseAddr(addr), scoring.Rule{Categories: scoring.AllCategories}, n.Now())
	return standing.Score, standing.Listed
}

// Notes returns what the ledger holds of an address: kind and note of each
// incident, "ssh.maxauth: note".
func (n *Node) Notes(t testing.TB, addr string) []string {
	t.Helper()
	var notes []string
	for _, entry := range n.Board.Incidents(scoring.PrefixOf(netip.MustParseAddr(addr))) {
		details, err := n.ledger.Details(t.Context(), []scoring.Key{entry.Key()})
		must(t, err)
		kind, _ := n.Book.Policy().KindNumbered(entry.Kind)
		notes = append(notes, kind.Name+": "+details[0].Note)
	}
	return notes
}

// follow feeds the node until the test ends.
func (n *Node) follow(t testing.TB) {
	ctx, cancel := context.WithCancel(context.Background())
	caughtUp, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if err := n.ledger.Follow(ctx, &sink{Node: n, caughtUp: caughtUp}); !errors.Is(err, context.Canceled) {
			t.Errorf("following the ledger: %v", err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		must(t, n.ledger.Close())
	})
	<-caughtUp
	n.Loaded.Store(true)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
