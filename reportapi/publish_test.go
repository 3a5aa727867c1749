package reportapi_test

import (
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/reportapi/lists"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// stubPublisher answers 127.0.0.2 and the address in the one zone it has.
type stubPublisher struct{ zone lists.Zone }

func (stubPublisher) Publish(zone string) (reportapi.Publication, bool) {
	return stubPublisher{lists.Zone{Name: zone + ".", Serial: 7, TTL: 300}}, zone == "bl.example"
}

func (p stubPublisher) Zone() lists.Zone { return p.zone }

func (stubPublisher) Answer(addr netip.Addr, categories scoring.CategorySet, until time.Time) ([]byte, string, uint32) {
	return []byte{scoring.CodeListed}, addr.String() + " until " + until.Format(time.DateOnly), 300
}

// Files for name servers hold what DNS answers.
func TestBlocklist_published(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	n.strike(t, "2001:db8::7")
	for query, want := range map[string]string{
		"?format=zone":             "7.113.0.203 300 IN A 127.0.0.2\n7.113.0.203 300 IN TXT \"203.0.113.7 until 2026-12-22\"\n*.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2 300 IN A 127.0.0.2\n",
		"?format=rbldnsd":          "203.0.113.7 :127.0.0.2:203.0.113.7 until 2026-12-22\n$DATASET ip6trie @\n2001:db8::/64 :127.0.0.2:2001:db8:: until",
		"?format=rpz&family=6":     "@ IN NS localhost.\n64.zz.db8.2001.rpz-ip CNAME .\n",
		"?format=rpz&threshold=61": "@ IN NS localhost.\n",
	} {
		if text, _ := n.list(t, query); !strings.Contains(text, want) {
			t.Errorf("%s lists\n%swithout\n%s", query, text, want)
		}
	}
	if w := n.do(t, call{line: "GET /v1/blocklist?format=zone&zone=ssh.example", as: control.RoleReader}); w.Code != http.StatusInternalServerError {
		t.Errorf("a zone that DNS has not: %d", w.Code)
	}
}

// The document names every format that there is.
func TestBlocklist_documented(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("openapi.yaml")
	must(t, err)
	if want := "enum: [" + strings.Join(lists.Names(), ", ") + "], default: " + lists.Names()[0]; !strings.Contains(string(document), want) {
		t.Errorf("openapi.yaml has no %q", want)
	}
}
