package submit

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Server says where the server is and how to be let in.
type Server struct {
	URL     string                 // such as https://bl.example.org
	Key     func() (string, error) // asked for each request, so that a new key needs no restart
	CA      string                 // file with the certificates to trust instead of the system's; "": the system's
	Cert    string                 // file with our certificate, for servers that ask for one; "": none
	CertKey string                 // file with its private key
	Timeout time.Duration          // for one request; 0: 30 seconds
}

// Client sends rows to a server.
type Client struct {
	target string
	key    func() (string, error)
	http   *http.Client
	plain  atomic.Bool // the server does not take gzip
}

// NewClient returns a client; it does not reach for the server yet.
func NewClient(s Server) (*Client, error) {
	base, err := ParseURL(s.URL)
	if err != nil {
		return nil, err
	}
	if s.Key == nil {
		return nil, errors.New("submitting needs a key")
	}
	if s.Timeout == 0 {
		s.Timeout = 30 * time.Second
	}
	tls, err := s.tls()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: s.Timeout}).DialContext,
		TLSClientConfig:     tls,
		TLSHandshakeTimeout: s.Timeout,
		ForceAttemptHTTP2:   true,
		IdleConnTimeout:     time.Minute,
		MaxIdleConns:        2,
	}
	return &Client{
		target: base.JoinPath("/v1/incidents").String(),
		key:    s.Key,
		http: &http.Client{
			Transport: transport, Timeout: s.Timeout,
			// A key must not follow a redirect to somewhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// ParseURL reads the address of a server.
func ParseURL(text string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimSuffix(text, "/v1/incidents"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.RawQuery != "" || base.User != nil {
		return nil, fmt.Errorf("address of the server %q: want such as https://bl.example.org", text)
	}
	return base, nil
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Post sends rows, at least one, once. On a [*Fault] none of them is lost or
// refused: send them again. Other errors are those of ctx.
func (c *Client) Post(ctx context.Context, rows []Row) (Answer, error) {
	answer, err := c.post(ctx, rows)
	switch {
	case errors.Is(err, errTooLarge) && len(rows) > 1:
		half := len(rows) / 2
		first, err := c.Post(ctx, rows[:half])
		if err != nil {
			return Answer{}, err
		}
		second, err := c.Post(ctx, rows[half:])
		first.add(second)
		return first, err
	case errors.Is(err, errTooLarge):
		return Answer{Refusals: []Refusal{{Row: rows[0], Reason: err.Error()}}}, nil
	case ctx.Err() != nil:
		return Answer{}, context.Cause(ctx)
	}
	return answer, err
}

func (c *Client) post(ctx context.Context, rows []Row) (Answer, error) {
	zipped := !c.plain.Load()
	response, err := c.send(ctx, join(rows), zipped)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusUnsupportedMediaType && zipped {
		c.plain.Store(true)
		return c.post(ctx, rows)
	}
	return readAnswer(response, rows)
}

// send makes one request.
func (c *Client) send(ctx context.Context, body []byte, zipped bool) (*http.Response, error) {
	key, err := c.key()
	if err != nil {
		return nil, &Fault{Operator: true, Err: fmt.Errorf("reading the key: %w", err)}
	}
	if zipped {
		body = compress(body)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.target, bytes.NewReader(body))
	if err != nil {
		return nil, &Fault{Operator: true, Err: err}
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "penaltybox-watch")
	request.Header.Set("Authorization", "Bearer "+key)
	if zipped {
		request.Header.Set("Content-Encoding", "gzip")
	}
	response, err := c.http.Do(request)
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // we say ourselves what we were doing
	}
	if err != nil {
		return nil, &Fault{Err: fmt.Errorf("reaching %s: %w", request.URL.Host, err), hint: hintOf(err)}
	}
	return response, nil
}

func compress(body []byte) []byte {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write(body) // a buffer takes all
	w.Close()
	return zipped.Bytes()
}

// problem is what the server says about a refusal (RFC 9457 §3.1, and a hint).
type problem struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
}

func (p problem) reason() string {
	if p.Detail != "" {
		return p.Detail
	}
	return p.Title
}

// readAnswer reads what the server says of each row.
func readAnswer(response *http.Response, rows []Row) (Answer, error) {
	const most = 64 << 20
	var said struct {
		problem
		Recorded   int `json:"recorded"`
		Duplicates int `json:"duplicates"`
		Ignored    int `json:"ignored"`
		Rows       []struct {
			Row     int     `json:"row"`
			Status  string  `json:"status"`
			Problem problem `json:"problem"`
		} `json:"rows"`
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return Answer{}, &Fault{Err: fmt.Errorf("reading the answer: %w", err)}
	}
	err = json.Unmarshal(body, &said)
	if response.StatusCode != http.StatusOK {
		return Answer{}, faultOf(response, said.problem) // a proxy may answer in its own way
	}
	if err != nil || len(said.Rows) != len(rows) {
		return Answer{}, &Fault{Operator: true, Err: fmt.Errorf("the answer tells of %d rows, %d were sent", len(said.Rows), len(rows)), hint: "is it a Penaltybox server?"}
	}
	answer := Answer{Recorded: said.Recorded, Duplicates: said.Duplicates, Ignored: said.Ignored}
	for i, row := range said.Rows {
		switch row.Status {
		case "recorded", "duplicate", "ignored":
		case "refused":
			answer.Refusals = append(answer.Refusals, Refusal{Row: rows[i], Reason: row.Problem.reason(), Hint: row.Problem.Hint})
		default:
			return Answer{}, &Fault{Err: fmt.Errorf("row %d is %s", i+1, row.Status)}
		}
	}
	return answer, nil
}
