package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

// maxAnswer bounds the JSON that a server may answer with, in bytes.
const maxAnswer = 256 << 20

// remote is where the server is and how to be let in: the flags that all
// client commands share.
type remote struct {
	URL     string        `help:"Address of the server's API." default:"http://127.0.0.1:8080" env:"PENALTYBOX_URL" group:"Server"`
	Key     string        `help:"API key. Others on this machine can read a command line: prefer the environment or a file." env:"PENALTYBOX_KEY" placeholder:"KEY" group:"Server"`
	KeyFile string        `help:"Read the API key from this file." env:"PENALTYBOX_KEY_FILE" placeholder:"FILE" group:"Server"`
	State   string        `help:"State directory of a server on this machine: without a key, its admin.key is taken." default:"./penaltybox-data" env:"PENALTYBOX_STATE" group:"Server"`
	Timeout time.Duration `help:"Give up on a server that does not answer for so long." default:"30s" env:"PENALTYBOX_TIMEOUT" group:"Server"`
}

// client speaks to one server. Every call ends with its context, or when the
// server does not begin to answer within the timeout.
type client struct {
	base   *url.URL
	key    string
	noKey  string // why there is no key, for people who then get a 401
	http   *http.Client
	expiry time.Duration
}

// dial makes a client; it does not reach for the server yet.
func (r remote) dial() (*client, error) {
	base, err := url.Parse(strings.TrimRight(r.URL, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.RawQuery != "" {
		return nil, usagef("address of the server %q: want such as http://127.0.0.1:8080 or https://bl.example.org", r.URL)
	}
	if r.Timeout <= 0 {
		return nil, usagef("timeout %s: want more than 0", r.Timeout)
	}
	c := &client{base: base, expiry: r.Timeout}
	if c.key, c.noKey, err = r.findKey(base); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: r.Timeout}).DialContext
	transport.ResponseHeaderTimeout = r.Timeout
	transport.MaxIdleConnsPerHost = amendedAtOnce
	c.http = &http.Client{
		Transport: transport,
		// A key must not follow a redirect to somewhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// findKey looks for the key where the flags say. The admin key of this
// machine's own server goes to a loopback address only, never to a server
// elsewhere.
func (r remote) findKey(base *url.URL) (key, missing string, err error) {
	key, err = readSecret(strings.TrimSpace(r.Key), r.KeyFile)
	if err != nil {
		return "", "", fmt.Errorf("reading the API key: %w", errors.Unwrap(err))
	}
	if key == "" && r.KeyFile != "" {
		return "", "", fmt.Errorf("reading the API key: %s is empty", r.KeyFile)
	}
	if key != "" {
		return key, "", nil
	}
	if !loopback(base.Hostname()) {
		return "", "no key was given: set PENALTYBOX_KEY_FILE or PENALTYBOX_KEY", nil
	}
	path := adminKeyFile(r.State)
	switch content, err := os.ReadFile(path); {
	case err == nil:
		return strings.TrimSpace(string(content)), "", nil
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Sprintf("no key was given and there is no %s: set PENALTYBOX_KEY_FILE or PENALTYBOX_KEY, or name the server's state directory with --state", path), nil
	default:
		return "", fmt.Sprintf("no key was given and the server's own is not for you (%v): set PENALTYBOX_KEY_FILE or PENALTYBOX_KEY", err), nil
	}
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// request is one call to the server.
type request struct {
	method string // GET unless given
	path   string // "/v1/…", escaped
	query  url.Values
	body   any    // sent as JSON unless nil
	raw    []byte // sent as it is instead of body
	kind   string // media type of raw
	accept string // media type to ask for; JSON unless given
	also   int    // a status from 400 up that is an answer all the same
}

// errNotWhole ends a request of which the answer began and did not end.
var errNotWhole = errors.New("no whole answer")

// call sends a request, reads the whole JSON answer into the value that into
// points to (nil: nowhere), and returns it as it came too.
func (c *client) call(ctx context.Context, r request, into any) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*c.expiry, fmt.Errorf("%w within %s", errNotWhole, 2*c.expiry))
	defer cancel()
	response, err := c.open(ctx, r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, c.explain(ctx, fmt.Errorf("reading the answer of %s: %w", c.base.Host, err))
	}
	if into == nil || len(answer) == 0 {
		return answer, nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		err = fmt.Errorf("reading the answer of %s: %w", c.base.Host, err)
		return nil, withHint(err, "is %s a Penaltybox server?", c.base)
	}
	return answer, nil
}

// open sends a request and returns the answer with its body unread, once the
// server has said yes. The body ends with ctx.
func (c *client) open(ctx context.Context, r request) (*http.Response, error) {
	httpRequest, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(httpRequest)
	switch {
	case err != nil && errors.Is(context.Cause(ctx), errNotWhole): // of an answer that did not even begin
		return nil, c.silent(unwrapURL(err))
	case err != nil:
		return nil, c.explain(ctx, err)
	}
	switch {
	case response.StatusCode < 300, response.StatusCode == r.also && isJSON(response):
		return response, nil
	case response.StatusCode < 400:
		defer response.Body.Close()
		err := fmt.Errorf("%s sends us on to %s", c.base, response.Header.Get("Location"))
		return nil, withHint(err, "if that is right, give it with --url")
	}
	defer response.Body.Close()
	return nil, c.refusal(response)
}

func (c *client) request(ctx context.Context, r request) (*http.Request, error) {
	body, kind := r.raw, r.kind
	if r.body != nil {
		encoded, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("writing a request: %w", err)
		}
		body, kind = encoded, "application/json"
	}
	method := r.method
	if method == "" {
		method = http.MethodGet
	}
	target := c.base.String() + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	httpRequest, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("writing a request: %w", err)
	}
	accept := r.accept
	if accept == "" {
		accept = "application/json"
	}
	httpRequest.Header.Set("Accept", accept)
	httpRequest.Header.Set("User-Agent", "penaltybox")
	if kind != "" {
		httpRequest.Header.Set("Content-Type", kind)
	}
	if c.key != "" {
		httpRequest.Header.Set("Authorization", "Bearer "+c.key)
	}
	return httpRequest, nil
}

func isJSON(response *http.Response) bool {
	kind, _, _ := strings.Cut(response.Header.Get("Content-Type"), ";")
	return strings.TrimSpace(kind) == "application/json"
}

// explain turns a failed connection into a sentence that helps.
func (c *client) explain(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w (%w)", unwrapURL(err), cause)
	}
	err = unwrapURL(err)
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return withHint(err, "is `penaltybox serve` running there? say where it is with --url or PENALTYBOX_URL")
	case errors.As(err, &timeout) && timeout.Timeout():
		return c.silent(err)
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return withHint(err, "the server speaks plain HTTP: write http:// instead of https:// in --url")
	}
	return err
}

// silent explains that nothing came in time.
func (c *client) silent(err error) error {
	return withHint(err, "%s did not answer within %s; wait longer with --timeout", c.base, c.expiry)
}

// unwrapURL drops the method and address that net/http puts before an error:
// commands say what they were doing themselves.
func unwrapURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
