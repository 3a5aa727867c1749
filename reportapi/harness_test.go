package reportapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"penaltybox/reportapi"
	"penaltybox/scoring"
	"penaltybox/scoring/backup"
	"penaltybox/scoring/boltledger"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// start is when every story begins.
var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

const (
	serverAddr = "192.0.2.1"    // the server's own
	clientAddr = "198.51.100.9" // where requests come from
)

// node is a whole node but for its listeners: an embedded ledger that feeds a
// scoreboard and a book, and the API over them.
type node struct {
	http.Handler
	board     *scoring.Scoreboard
	book      *control.Book
	registrar *control.Registrar
	ledger    *shakyLedger
	registry  *prometheus.Registry
	log       *syncBuffer

	clock  atomic.Int64
	loaded atomic.Bool
	outage atomic.Pointer[error]
	zones  atomic.Pointer[[]reportapi.Zone]
	keys   map[control.Role]string // of reporters named after their role
}

// shakyLedger is a ledger that can be made to fail.
type shakyLedger struct {
	*boltledger.Ledger
	fault atomic.Pointer[error]
}

func (l *shakyLedger) failWith(err error) { l.fault.Store(&err) }
func (l *shakyLedger) mend()              { l.fault.Store(nil) }

func (l *shakyLedger) failing() error {
	if fault := l.fault.Load(); fault != nil {
		return *fault
	}
	return nil
}

func (l *shakyLedger) Record(ctx context.Context, incidents []scoring.Incident) ([]scoring.Receipt, error) {
	if err := l.failing(); err != nil {
		return nil, err
	}
	return l.Ledger.Record(ctx, incidents)
}

func (l *shakyLedger) Amend(ctx context.Context, amendment scoring.Amendment) error {
	if err := l.failing(); err != nil {
		return err
	}
	return l.Ledger.Amend(ctx, amendment)
}

func (l *shakyLedger) Details(ctx context.Context, keys []scoring.Key) ([]scoring.Entry, error) {
	if err := l.failing(); err != nil {
		return nil, err
	}
	return l.Ledger.Details(ctx, keys)
}

func (l *shakyLedger) PutControl(ctx context.Context, record scoring.ControlRecord) error {
	if err := l.failing(); err != nil {
		return err
	}
	return l.Ledger.PutControl(ctx, record)
}

// syncBuffer is a log that may be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// newNode starts a node with two zones: bl.example counts everything, and
// ssh.example counts ssh only. alter changes the configuration first.
func newNode(t testing.TB, alter ...func(*reportapi.Config)) *node {
	t.Helper()
	n := &node{registry: prometheus.NewRegistry(), log: &syncBuffer{}, keys: map[control.Role]string{}}
	n.clock.Store(start.Unix())

	policy := scoring.DefaultPolicy()
	ssh, err := policy.CategorySet("ssh")
	must(t, err)
	all := scoring.Rule{Categories: scoring.AllCategories}
	onlySSH := scoring.Rule{Threshold: 50, Categories: ssh}
	n.board, err = scoring.NewScoreboard(policy, []scoring.Rule{all, onlySSH})
	must(t, err)
	n.book = control.NewBook()

	bolt, err := boltledger.Open(filepath.Join(t.TempDir(), "ledger.db"), boltledger.Options{Now: n.now})
	must(t, err)
	n.ledger = &shakyLedger{Ledger: bolt}
	n.registrar = control.NewRegistrar(n.book, n.ledger)
	n.follow(t)

	rejections := intake.NewRejections()
	in, err := intake.New(intake.Config{Ledger: n.ledger, Board: n.board, Policies: n.book, Keys: n.book, Removals: n.book, Rejections: rejections, Own: intake.Own(netip.MustParseAddr(serverAddr))})
	must(t, err)
	n.zones.Store(&[]reportapi.Zone{{Name: "bl.example", Rule: all, Index: 0}, {Name: "ssh.example", Rule: onlySSH, Index: 1}})
	config := reportapi.Config{
		Board: n.board, Intake: in, Book: n.book, Registrar: n.registrar, Details: n.ledger, Audit: n.ledger, Eraser: control.NewEraser(n.registrar, n.ledger),
		Zones:       func() []reportapi.Zone { return *n.zones.Load() },
		Explainer:   stubExplainer{},
		Publisher:   stubPublisher{n},
		QueryLogger: &stubQueryLogger{},
		Rejections:  rejections,
		Webhooks:    stubTester{},
		Now:         n.now,
		Ready: func() (bool, error) {
			if outage := n.outage.Load(); outage != nil {
				return n.loaded.Load(), *outage
			}
			return n.loaded.Load(), nil
		},
		Backup: func(ctx context.Context, w io.Writer) error {
			_, err := backup.Write(ctx, w, n.ledger)
			return err
		},
		LedgerID: n.ledger.ID, Version: "1.2.3", Registry: n.registry, ServeMetrics: true,
		Logger: slog.New(slog.NewTextHandler(n.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, change := range alter {
		change(&config)
	}
	n.Handler, err = reportapi.New(config)
	must(t, err)
	n.makeKeys(t)
	return n
}

func (n *node) now() time.Time { return time.Unix(n.clock.Load(), 0).UTC() }

// follow feeds the node until the test ends.
func (n *node) follow(t testing.TB) {
	ctx, cancel := context.WithCancel(context.Background())
	caughtUp, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if err := n.ledger.Follow(ctx, &sink{node: n, caughtUp: caughtUp}); !errors.Is(err, context.Canceled) {
			t.Errorf("following the ledger: %v", err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		must(t, n.ledger.Close())
	})
	<-caughtUp
	n.loaded.Store(true)
}

func (n *node) makeKeys(t testing.TB) {
	t.Helper()
	for _, role := range control.Roles() {
		_, err := n.registrar.AddReporter(t.Context(), n.now(), string(role), role)
		must(t, err)
		_, n.keys[role], err = n.registrar.AddKey(t.Context(), n.now(), control.KeyOrder{Reporter: string(role), Role: role})
		must(t, err)
	}
}

// routes are the routes that there are.
func (n *node) routes() gin.RoutesInfo {
	return n.Handler.(interface{ Routes() gin.RoutesInfo }).Routes()
}

// wait lets time pass, and the scoreboard notice.
func (n *node) wait(d time.Duration) {
	n.clock.Add(int64(d / time.Second))
	n.board.Sweep(n.now(), true)
}

// sink feeds a node's memory.
type sink struct {
	*node
	caughtUp chan struct{}
	once     sync.Once
}

func (s *sink) Replace(shard int, entries iter.Seq2[scoring.Entry, error]) error {
	return s.board.Replace(s.now(), shard, entries)
}
func (s *sink) Apply(entries ...scoring.Entry)             { s.board.Apply(s.now(), entries...) }
func (s *sink) Forget(keys ...scoring.Key)                 { s.board.Forget(s.now(), keys...) }
func (s *sink) Find(key scoring.Key) (scoring.Entry, bool) { return s.board.Find(key) }
func (s *sink) Count(prefix netip.Prefix) int              { return s.board.Count(prefix) }
func (s *sink) Control(all bool, rs ...scoring.ControlRecord) {
	changed, err := s.book.Update(all, rs...)
	if err == nil && changed.Policy {
		err = s.board.SetPolicy(s.now(), s.book.Policy())
	}
	if err != nil {
		panic(err)
	}
	if changed.Trust {
		s.board.SetTrust(s.now(), s.book.Trust())
	}
	if changed.Exemptions {
		s.board.SetExemptions(s.now(), s.book.Exempted())
	}
	if changed.Protected {
		sets, err := s.book.Protection()
		if err != nil {
			panic(err)
		}
		s.board.SetProtected(s.now(), sets)
	}
}

func (s *sink) Following(state scoring.FeedState) {
	if state.CaughtUp {
		s.once.Do(func() {
			s.board.BeginLog()
			close(s.caughtUp)
		})
	}
}

// call is a request: "GET /v1/policy", a body, headers as "Name: value".
type call struct {
	line    string
	as      control.Role // whose key is sent; "" sends none
	body    string
	headers []string
	from    string // client's address; clientAddr unless given
	// tolerated: openapi.yaml does not tell that such a body is taken.
	tolerated bool
}

func (n *node) request(c call) *http.Request {
	method, target, _ := strings.Cut(c.line, " ")
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
	}
	r := httptest.NewRequest(method, target, body)
	from := c.from
	if from == "" {
		from = clientAddr
	}
	r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(from), 40000).String()
	if netip.MustParseAddr(from).IsLoopback() {
		r.Host = "localhost:8080"
	}
	if c.as != "" {
		r.Header.Set("Authorization", "Bearer "+n.keys[c.as])
	}
	for _, header := range c.headers {
		name, value, _ := strings.Cut(header, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Add(name, value)
	}
	return r
}

// do makes a request and holds the answer to openapi.yaml.
func (n *node) do(t testing.TB, c call) *httptest.ResponseRecorder {
	t.Helper()
	r := n.request(c)
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	conforms(t, n.request(c), w, !c.tolerated)
	return w
}

// ask is do for answers in JSON: it wants a status and returns the document.
func (n *node) ask(t testing.TB, c call, status int) document {
	t.Helper()
	w := n.do(t, c)
	if w.Code != status {
		t.Fatalf("%s answers %d, want %d: %s", c.line, w.Code, status, w.Body)
	}
	var doc document
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("%s answers what is no JSON object: %v: %s", c.line, err, w.Body)
	}
	return doc
}

// document is a JSON object.
type document map[string]any

// at returns what lies at a path such as "zones.0.listed".
func (d document) at(path string) any {
	var value any = map[string]any(d)
	for part := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[part]
		case []any:
			i := int(part[0] - '0')
			if i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// wants compares what lies at paths: numbers are float64, as JSON has them.
func (d document) wants(t testing.TB, want map[string]any) {
	t.Helper()
	for path, value := range want {
		if got := d.at(path); got != value {
			t.Errorf("%s is %#v, want %#v", path, got, value)
		}
	}
	if t.Failed() {
		encoded, _ := json.MarshalIndent(d, "", "  ")
		t.Logf("the answer is %s", encoded)
	}
}

// report sends one report as a form and wants it recorded.
func (n *node) report(t testing.TB, as control.Role, form string) document {
	t.Helper()
	return n.ask(t, call{line: "POST /v1/incidents", as: as, body: form, headers: []string{formBody}}, http.StatusCreated)
}

// strike lists an address: three strikes of 20 points.
func (n *node) strike(t testing.TB, ip string) {
	t.Helper()
	for range 3 {
		n.report(t, control.RoleReporter, "ip="+ip+"&kind=ssh.maxauth")
	}
}

const (
	jsonBody   = "Content-Type: application/json"
	formBody   = "Content-Type: application/x-www-form-urlencoded"
	ndjsonBody = "Content-Type: application/x-ndjson"
	textBody   = "Content-Type: text/plain"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func decode(t testing.TB, text []byte) document {
	t.Helper()
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatalf("no JSON object: %v: %.500s", err, text)
	}
	return doc
}

// breaking is a body that ends with a fault, if err is not nil.
type breaking struct {
	text string
	err  error
}

func (b breaking) body() io.ReadCloser {
	if b.err == nil {
		return io.NopCloser(strings.NewReader(b.text))
	}
	return io.NopCloser(io.MultiReader(strings.NewReader(b.text), iotest.ErrReader(b.err)))
}

// newEmptyLedger is a ledger that nothing follows.
func newEmptyLedger(t testing.TB) *boltledger.Ledger {
	t.Helper()
	ledger, err := boltledger.Open(filepath.Join(t.TempDir(), "ledger.db"), boltledger.Options{Now: func() time.Time { return start }})
	must(t, err)
	t.Cleanup(func() { must(t, ledger.Close()) })
	return ledger
}
