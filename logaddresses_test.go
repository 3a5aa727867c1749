package main

import (
	"bytes"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
)

func TestHiding(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		most string
		attr slog.Attr
		want string
	}{
		{"full", slog.Any("source", netip.MustParseAddr("203.0.113.7")), "source=203.0.113.7"},
		{"", slog.String("client", "203.0.113.7"), "client=203.0.113.7"},
		{"prefix", slog.Any("source", netip.MustParseAddr("203.0.113.7")), "source=203.0.113.0/24"},
		{"prefix", slog.Any("source", netip.MustParseAddr("::ffff:203.0.113.7")), "source=203.0.113.0/24"},
		{"prefix", slog.String("client", "2001:db8:1:23ff::7"), "client=2001:db8:1:2300::/56"},
		{"prefix", slog.String("client", "203.0.113.0/24"), "client=203.0.113.0/24"},
		{"prefix", slog.String("remote", "[2001:db8::7%eth0]:53"), "remote=2001:db8::/56"},
		{"prefix", slog.Any("source", netip.Addr{}), "source=\"invalid IP\""},
		{"prefix", slog.String("address", "192.0.2.1:53"), "address=192.0.2.1:53"}, // our own
		{"none", slog.Any("source", netip.MustParseAddr("203.0.113.7")), ""},
		{"none", slog.String("client", "203.0.113.0/24"), ""},
		{"none", slog.String("reason", "listed"), "reason=listed"},
	} {
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: hiding(test.most)})).Info("said", test.attr)
		_, got, _ := strings.Cut(strings.TrimSpace(out.String()), "msg=said")
		if got = strings.TrimSpace(got); got != test.want {
			t.Errorf("%q of %s: %q, want %q", test.most, test.attr, got, test.want)
		}
	}
}
