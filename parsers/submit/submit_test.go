package submit_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"penaltybox/parsers/submit"
)

// row is a row about the event with a number.
func row(n int) submit.Row {
	return submit.Row(fmt.Sprintf(`{"ip":"203.0.113.66","kind":"ssh.maxauth","id":"event-%d","service":"sshd","lineno":%d}`+"\n", n, n))
}

func rows(from, to int) (all []submit.Row) {
	for n := from; n < to; n++ {
		all = append(all, row(n))
	}
	return all
}

// box is a server that counts each id once and answers as it is told.
type box struct {
	*httptest.Server
	mu       sync.Mutex
	requests int
	seen     map[string]int // rows by id
	// answer may take a request over by returning true; it holds the lock.
	answer func(w http.ResponseWriter, r *http.Request) bool
	refuse func(id string) bool
}

func newBox(t *testing.T) *box {
	b := &box{seen: map[string]int{}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *box) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	if b.answer != nil && b.answer(w, r) {
		return
	}
	if got := r.Header.Get("Authorization"); got != "Bearer secret" || r.URL.Path != "/v1/incidents" {
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(body)
	}
	type problem struct {
		Detail string `json:"detail"`
		Hint   string `json:"hint"`
	}
	type rowAnswer struct {
		Row     int      `json:"row"`
		Status  string   `json:"status"`
		Problem *problem `json:"problem,omitempty"`
	}
	var said struct {
		Recorded   int         `json:"recorded"`
		Duplicates int         `json:"duplicates"`
		Rows       []rowAnswer `json:"rows"`
	}
	for lines := bufio.NewScanner(body); lines.Scan(); {
		var incident struct{ ID string }
		if err := json.Unmarshal(lines.Bytes(), &incident); err != nil {
			panic(err)
		}
		answer := rowAnswer{Row: len(said.Rows) + 1, Status: "recorded"}
		switch b.seen[incident.ID]++; {
		case b.refuse != nil && b.refuse(incident.ID):
			answer.Status, answer.Problem = "refused", &problem{"ip: is exempted", "leave it"}
		case b.seen[incident.ID] > 1:
			answer.Status = "duplicate"
			said.Duplicates++
		default:
			said.Recorded++
		}
		said.Rows = append(said.Rows, answer)
	}
	json.NewEncoder(w).Encode(said)
}

// say makes the server answer with a status.
func say(status int, header ...string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		return true
	}
}

func (b *box) set(answer func(http.ResponseWriter, *http.Request) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

// missing counts the events below n that did not arrive.
func (b *box) missing(n int) (missing int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range n {
		if b.seen[fmt.Sprintf("event-%d", i)] == 0 {
			missing++
		}
	}
	return missing
}

func key() (string, error) { return "secret", nil }

func (b *box) client(t *testing.T) *submit.Client {
	t.Helper()
	client, err := submit.NewClient(submit.Server{URL: b.URL, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// start runs an outbox until the test ends.
func start(t *testing.T, client *submit.Client, options submit.Options) (*submit.Outbox, <-chan error) {
	t.Helper()
	if options.Least == 0 {
		options.Least, options.Most = time.Millisecond, 20*time.Millisecond
	}
	outbox, err := submit.NewOutbox(client, options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- outbox.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return outbox, ended
}

// Rows go out compressed; to a server that does not take that, plain. What was
// sent twice is told as a duplicate.
func TestClient_Post_gzip(t *testing.T) {
	for _, taken := range []bool{true, false} {
		b := newBox(t)
		if !taken {
			b.answer = func(w http.ResponseWriter, r *http.Request) bool {
				return r.Header.Get("Content-Encoding") != "" && say(http.StatusUnsupportedMediaType)(w, r)
			}
		}
		client := b.client(t)
		for _, want := range []submit.Answer{{Recorded: 3}, {Duplicates: 3}} {
			got, err := client.Post(t.Context(), rows(0, 3))
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("gzip taken: %v: %+v, %v", taken, got, err)
			}
		}
		if want := map[bool]int{true: 2, false: 3}[taken]; b.requests != want {
			t.Errorf("gzip taken: %v: %d requests, want %d", taken, b.requests, want)
		}
	}
}

// A batch that is too large is halved, and a row that alone is too large is
// refused.
func TestClient_Post_tooLarge(t *testing.T) {
	b := newBox(t)
	const most = 200
	client := b.client(t)
	b.answer = func(w http.ResponseWriter, r *http.Request) bool {
		return r.Header.Get("Content-Encoding") != "" && say(http.StatusUnsupportedMediaType)(w, r) ||
			r.ContentLength > most && say(http.StatusRequestEntityTooLarge)(w, r)
	}
	long := submit.Row(`{"id":"` + strings.Repeat("x", most) + `"}` + "\n")
	got, err := client.Post(t.Context(), append(rows(0, 10), long))
	if err != nil || got.Recorded != 10 || len(got.Refusals) != 1 || !bytes.Equal(got.Refusals[0].Row, long) {
		t.Errorf("%+v, %v", got, err)
	}
}

// A refused row is told with its reason; those around it count.
func TestClient_Post_refused(t *testing.T) {
	b := newBox(t)
	b.refuse = func(id string) bool { return id == "event-1" }
	got, err := b.client(t).Post(t.Context(), rows(0, 3))
	if err != nil || got.Recorded != 2 || len(got.Refusals) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if r := got.Refusals[0]; !bytes.Equal(r.Row, row(1)) || r.Reason != "ip: is exempted" || r.Hint != "leave it" {
		t.Errorf("%+v", r)
	}
}

// A fault says whether trying again helps, and how long to wait.
func TestClient_Post_faults(t *testing.T) {
	for name, test := range map[string]struct {
		answer   func(http.ResponseWriter, *http.Request) bool
		operator bool
		after    time.Duration
	}{
		"unavailable":    {say(http.StatusServiceUnavailable, "Retry-After", "7"), false, 7 * time.Second},
		"too many":       {say(http.StatusTooManyRequests, "Retry-After", "100000"), false, 10 * time.Minute},
		"after nonsense": {say(http.StatusBadGateway, "Retry-After", "soon"), false, 0},
		"after the past": {say(http.StatusBadGateway, "Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT"), false, 0},
		"wrong key":      {say(http.StatusUnauthorized), true, 0},
		"forbidden":      {say(http.StatusForbidden), true, 0},
		"moved":          {say(http.StatusMovedPermanently, "Location", "https://elsewhere.example/"), true, 0},
		"another server": {say(http.StatusOK), true, 0},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("{"))
			return true
		}, false, 0},
	} {
		b := newBox(t)
		b.answer = test.answer
		_, err := b.client(t).Post(t.Context(), rows(0, 1))
		fault, ok := errors.AsType[*submit.Fault](err)
		if !ok || fault.Operator != test.operator || fault.After != test.after {
			t.Errorf("%s: %#v", name, err)
		}
	}
	b := newBox(t)
	client := b.client(t)
	b.Close()
	_, err := client.Post(t.Context(), rows(0, 1))
	if fault, ok := errors.AsType[*submit.Fault](err); !ok || fault.Operator || fault.Hint() == "" {
		t.Errorf("nobody listens: %#v", err)
	}
}

// While the server is away rows are kept, and arrive when it is back; whoever
// delivers them does not wait for that.
func TestOutbox_outage(t *testing.T) {
	b := newBox(t)
	b.set(say(http.StatusServiceUnavailable))
	spool, err := submit.OpenSpool(t.TempDir(), submit.MinSpool, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	outbox, _ := start(t, b.client(t), submit.Options{Spool: spool})
	const total = 2500
	var sources sync.WaitGroup
	for from := 0; from < total; from += 50 {
		sources.Go(func() {
			if err := outbox.Deliver(t.Context(), rows(from, from+50)); err != nil {
				t.Error(err)
			}
		})
	}
	sources.Wait()
	if got := b.missing(total); got != total {
		t.Fatalf("%d rows arrived during the outage", total-got)
	}
	b.set(nil)
	for deadline := time.Now().Add(time.Minute); b.missing(total) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d rows are missing", b.missing(total))
		}
	}
}

// Without a spool, delivering waits until the server is back.
func TestOutbox_insists(t *testing.T) {
	b := newBox(t)
	failures := 3
	b.answer = func(w http.ResponseWriter, r *http.Request) bool {
		failures--
		return failures >= 0 && say(http.StatusServiceUnavailable)(w, r)
	}
	outbox, _ := start(t, b.client(t), submit.Options{})
	if err := outbox.Deliver(t.Context(), rows(0, 5)); err != nil || b.missing(5) != 0 {
		t.Errorf("%v, %d missing", err, b.missing(5))
	}
	if counts := outbox.Counts(); counts.Recorded != 5 || counts.Delivered != 5 || counts.Failures != 3 {
		t.Errorf("%+v", counts)
	}
}

// An outbox that gives up says why: at once when somebody must do something.
func TestOutbox_givesUp(t *testing.T) {
	for status, patience := range map[int]time.Duration{
		http.StatusServiceUnavailable: 50 * time.Millisecond,
		http.StatusUnauthorized:       time.Hour,
	} {
		b := newBox(t)
		b.set(say(status))
		outbox, ended := start(t, b.client(t), submit.Options{GiveUp: patience})
		err := outbox.Deliver(t.Context(), rows(0, 1))
		if _, ok := errors.AsType[*submit.Fault](err); !ok {
			t.Errorf("status %d: %v", status, err)
		}
		if err := <-ended; err == nil {
			t.Errorf("status %d: the outbox goes on", status)
		}
	}
}

// Refused rows are told, and not sent again.
func TestOutbox_refused(t *testing.T) {
	b := newBox(t)
	b.refuse = func(id string) bool { return id == "event-3" }
	var told []submit.Refusal
	outbox, _ := start(t, b.client(t), submit.Options{Refused: func(r submit.Refusal) { told = append(told, r) }})
	if err := outbox.Deliver(t.Context(), rows(0, 5)); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || !bytes.Equal(told[0].Row, row(3)) || b.requests != 1 {
		t.Errorf("told %+v in %d requests", told, b.requests)
	}
	var log bytes.Buffer
	outbox, _ = start(t, b.client(t), submit.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err := outbox.Deliver(t.Context(), rows(3, 4)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"203.0.113.66", "is exempted", "leave it", "lineno=3"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not tell %q: %s", want, log.String())
		}
	}
}

// Delivering ends with its context.
func TestOutbox_Deliver_cancelled(t *testing.T) {
	b := newBox(t)
	b.set(say(http.StatusServiceUnavailable))
	outbox, _ := start(t, b.client(t), submit.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := outbox.Deliver(ctx, rows(0, 1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if err := outbox.Deliver(t.Context(), nil); err != nil {
		t.Errorf("nothing: %v", err)
	}
}

func TestNewClient_errors(t *testing.T) {
	for name, server := range map[string]submit.Server{
		"no address":      {Key: key},
		"no scheme":       {URL: "bl.example.org", Key: key},
		"a password":      {URL: "http://u:p@bl.example.org", Key: key},
		"no key":          {URL: "http://bl.example.org"},
		"half a pair":     {URL: "http://bl.example.org", Key: key, Cert: "x"},
		"no CA":           {URL: "http://bl.example.org", Key: key, CA: "/nonexistent"},
		"no certificates": {URL: "http://bl.example.org", Key: key, CA: "/dev/null"},
		"no certificate":  {URL: "http://bl.example.org", Key: key, Cert: "/nonexistent", CertKey: "/nonexistent"},
	} {
		if _, err := submit.NewClient(server); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
