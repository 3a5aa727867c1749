package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testNode is a real node in this process, on ports of its own.
type testNode struct {
	t         testing.TB
	state     string
	dns, http string
	ops       string
	key       string // the admin's
	stop      func() error
}

// defaultFlags are serve's flags for a test: everything on free ports.
func defaultFlags(state string) serveFlags {
	return serveFlags{
		State: state, Zone: []string{"bl.penaltybox.example"},
		DNSListen: []string{"127.0.0.1:0"}, HTTPListen: []string{"127.0.0.1:0"},
		ReadyFile: filepath.Join(state, "ready.json"),
	}
}

// startNode runs serve until the test ends or stop is called. It returns when
// the node is ready.
func startNode(t testing.TB, flags serveFlags) *testNode {
	t.Helper()
	settings, err := flags.check()
	if err != nil {
		t.Fatal(err)
	}
	return runNode(t, settings, testLog{t}, nil)
}

// runNode is startNode with settings, a log and a way to hang up.
func runNode(t testing.TB, settings settings, log io.Writer, hangup <-chan os.Signal) *testNode {
	t.Helper()
	os.Remove(settings.ReadyFile)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, settings, io.Discard, slog.New(slog.NewTextHandler(log, nil)), hangup)
	}()
	node := &testNode{t: t, state: settings.State}
	stopped := false
	node.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() {
		if err := node.stop(); err != nil {
			t.Errorf("stopping the node: %v", err)
		}
	})
	node.awaitReady(settings.ReadyFile, ended)
	return node
}

// testLog writes a node's log to the test's, which shows it when it fails.
type testLog struct{ t testing.TB }

func (l testLog) Write(line []byte) (int, error) {
	return l.t.Output().Write(line)
}

func (n *testNode) awaitReady(file string, ended chan error) {
	n.t.Helper()
	content := eventually(n.t, "the node is ready", func() ([]byte, error) {
		select {
		case err := <-ended:
			ended <- err
			n.t.Fatalf("serve ended: %v", err)
		default:
		}
		return os.ReadFile(file)
	})
	var bound struct{ DNS, HTTP, Ops []string }
	if err := json.Unmarshal(content, &bound); err != nil {
		n.t.Fatal(err)
	}
	if len(bound.DNS) > 0 {
		n.dns = bound.DNS[0]
	}
	if len(bound.Ops) > 0 {
		n.ops, n.http = bound.Ops[0], bound.Ops[0]
	}
	if len(bound.HTTP) > 0 {
		n.http = bound.HTTP[0]
	}
	if key, err := os.ReadFile(adminKeyFile(n.state)); err == nil {
		n.key = strings.TrimSpace(string(key))
	}
}

// eventually asks until there is no error, for half a minute at the most.
func eventually[T any](t testing.TB, what string, ask func() (T, error)) T {
	t.Helper()
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var value T
		if value, err = ask(); err == nil {
			return value
		}
	}
	t.Fatalf("waited in vain until %s: %v", what, err)
	panic("unreachable")
}

// httpAnswer is what the API said.
type httpAnswer struct {
	status int
	header http.Header
	body   []byte
}

// call sends one request with the admin's key.
func (n *testNode) call(method, path, contentType, body string, header ...string) (httpAnswer, error) {
	request, err := http.NewRequest(method, "http://"+n.http+path, strings.NewReader(body))
	if err != nil {
		return httpAnswer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+n.key)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return httpAnswer{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return httpAnswer{response.StatusCode, response.Header, content}, err
}

// get asks for a path and wants 200.
func (n *testNode) get(path string) httpAnswer {
	n.t.Helper()
	got, err := n.call(http.MethodGet, path, "", "")
	if err != nil {
		n.t.Fatal(err)
	}
	if got.status != http.StatusOK {
		n.t.Fatalf("GET %s: %d %s", path, got.status, got.body)
	}
	return got
}

// reportAnswer is the answer to one report.
type reportAnswer struct {
	Status    string `json:"status"`
	Duplicate bool   `json:"duplicate"`
	Ignored   string `json:"ignored"`
	Visible   bool   `json:"visible"`
	ID        string `json:"id"`
	Score     int    `json:"score"`
	Zones     []struct {
		Zone   string `json:"zone"`
		Listed bool   `json:"listed"`
	} `json:"zones"`
}

// report reports an incident as curl -d does and wants it taken.
func (n *testNode) report(form string) reportAnswer {
	n.t.Helper()
	got, err := n.tryReport(form)
	if err != nil {
		n.t.Fatal(err)
	}
	return got
}

func (n *testNode) tryReport(form string) (reportAnswer, error) {
	var r reportAnswer
	got, err := n.call(http.MethodPost, "/v1/incidents", "application/x-www-form-urlencoded", form)
	if err != nil {
		return r, err
	}
	if got.status != http.StatusCreated && got.status != http.StatusOK {
		return r, fmt.Errorf("report %q: %d %s", form, got.status, got.body)
	}
	return r, json.NewDecoder(bytes.NewReader(got.body)).Decode(&r)
}

// listed asks a node's DNS for an address, as a mail server does, and returns
// the A records; none when the name does not exist.
func (n *testNode) listed(ip string) []string {
	n.t.Helper()
	addrs, err := n.lookup(ip, "bl.penaltybox.example")
	if err != nil {
		n.t.Fatal(err)
	}
	return addrs
}

func (n *testNode) lookup(ip, zone string) ([]string, error) {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, n.dns)
	}}
	addrs, err := resolver.LookupNetIP(context.Background(), "ip4", reversed(ip)+"."+zone+".")
	if dnsErr, ok := errors.AsType[*net.DNSError](err); ok && dnsErr.IsNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	codes := make([]string, len(addrs))
	for i, addr := range addrs {
		codes[i] = addr.String()
	}
	return codes, nil
}

// reversed returns an IPv4 address as DNS blocklists ask for it.
func reversed(ip string) string {
	b := netip.MustParseAddr(ip).As4()
	return fmt.Sprintf("%d.%d.%d.%d", b[3], b[2], b[1], b[0])
}
