package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestForeignFlags(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"": 0, "0": 0, "15m": 15 * time.Minute, "1s": time.Second, "24h": 24 * time.Hour} {
		got, err := foreignFlags{CompatOnce: text, AbuseIPDBStrict: true}.read()
		if err != nil || got.Once != want || !got.AbuseIPDBStrict {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"0s", "-1m", "25h", "soon"} {
		if _, err := (foreignFlags{CompatOnce: text}).read(); err == nil || !strings.Contains(err.Error(), "compat-once") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Adapters of foreign formats write addresses of this server, as others reach it.
func TestServe_publicURL_reachesForeignFormats(t *testing.T) {
	t.Parallel()
	flags := defaultFlags(t.TempDir())
	flags.PublicURL = "https://box.example"
	node := startNode(t, flags)
	node.report("ip=203.0.113.7&kind=ssh.maxauth")
	node.report("ip=203.0.113.7&kind=web.wordpress")
	got, err := node.call(http.MethodGet, "/compat/abuseipdb/api/v2/reports?ipAddress=203.0.113.7&perPage=1", "", "", "Key", node.key)
	if err != nil || !strings.Contains(string(got.body), `"nextPageUrl":"https://box.example/compat/abuseipdb/`) {
		t.Errorf("%d %s %v", got.status, got.body, err)
	}
}
