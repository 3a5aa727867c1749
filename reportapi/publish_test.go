package reportapi_test

import (
	"iter"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/reportapi/lists"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// stubPublisher answers 127.0.0.2 and the address in the one zone it has, whose
// serial is the number of changes.
type stubPublisher struct{ *node }

func (p stubPublisher) Publish(zone string) (reportapi.Publication, bool) {
	return stubPublication{p.node, lists.Zone{Name: zone + ".", Serial: uint32(p.board.Index().Version()), TTL: 300}}, zone == "bl.example"
}

type stubPublication struct {
	node *node
	zone lists.Zone
}

func (p stubPublication) Zone() lists.Zone { return p.zone }

func (p stubPublication) Listed() iter.Seq[lists.Entry] {
	return func(yield func(lists.Entry) bool) {
		for prefix, v := range p.node.board.Index().Verdicts(0, scoring.AllCategories, p.node.now()) {
			e := lists.Entry{Prefix: prefix}
			if e.Codes, e.Text, e.TTL = p.Answer(prefix, v.Categories, v.Until); !yield(e) {
				return
			}
		}
	}
}

func (stubPublication) Answer(prefix netip.Prefix, categories scoring.CategorySet, until time.Time) ([]byte, string, uint32) {
	return []byte{scoring.CodeListed}, prefix.Addr().String() + " until " + until.Format(time.DateOnly), 300
}

// Files for name servers hold what DNS answers.
func TestBlocklist_published(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	n.strike(t, "2001:db8::7")
	for query, want := range map[string]string{
		"?format=zone":                           "7.113.0.203 300 IN A 127.0.0.2\n7.113.0.203 300 IN TXT \"203.0.113.7 until 2026-12-22\"\n*.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2 300 IN A 127.0.0.2\n",
		"?format=rbldnsd":                        "203.0.113.7 :127.0.0.2:203.0.113.7 until 2026-12-22\n$DATASET ip6trie @\n2001:db8::/64 :127.0.0.2:2001:db8:: until",
		"?format=rpz&family=6":                   "@ IN NS localhost.\n64.zz.db8.2001.rpz-ip CNAME .\n",
		"?format=rpz&trigger=client":             "@ IN NS localhost.\n32.7.113.0.203.rpz-client-ip CNAME .\n",
		"?format=rpz&action=drop&trigger=answer": "@ IN NS localhost.\n32.7.113.0.203.rpz-ip CNAME rpz-drop.\n",
		"?format=rpz&trigger=client&action=drop&family=6&threshold=9": "\n64.zz.db8.2001.rpz-client-ip CNAME rpz-drop.\n",
		"?format=rpz&threshold=61":                                    "@ IN NS localhost.\n",
	} {
		if text, _ := n.list(t, query); !strings.Contains(text, want) {
			t.Errorf("%s lists\n%swithout\n%s", query, text, want)
		}
	}
	tags := map[string]string{}
	for _, query := range []string{"", "&trigger=client", "&action=drop", "&trigger=client&action=drop"} {
		for _, threshold := range []string{"", "&threshold=9"} {
			_, tag := n.list(t, "?format=rpz"+query+threshold)
			if other, taken := tags[tag]; taken {
				t.Errorf("%q has the tag of %q", query+threshold, other)
			}
			tags[tag] = query + threshold
		}
	}
	if w := n.do(t, call{line: "GET /v1/blocklist?format=zone&zone=ssh.example", as: control.RoleReader}); w.Code != http.StatusNotFound {
		t.Errorf("a zone that DNS has no longer: %d", w.Code)
	}
}

// What name servers load has the zone's serial for its entity tag, so that it is
// fetched only when it changed, however often that is asked.
func TestBlocklist_published_304_while_nothing_changed(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	for _, format := range []string{"zone", "rbldnsd", "rpz"} {
		_, before := n.list(t, "?format="+format)
		n.clock.Add(1)
		w := n.do(t, call{line: "GET /v1/blocklist?format=" + format, as: control.RoleReader, headers: []string{"If-None-Match: " + before}})
		if w.Code != http.StatusNotModified || w.Body.Len() != 0 || !strings.HasPrefix(before, `W/"`) {
			t.Errorf("%s, a second later: %d, ETag %s", format, w.Code, before)
		}
		n.strike(t, "198.51.100."+strconv.Itoa(len(format)))
		text, after := n.list(t, "?format="+format, "If-None-Match: "+before)
		if after == before || !strings.Contains(text, "203") {
			t.Errorf("%s, after a change: ETag %s, was %s:\n%s", format, after, before, text)
		}
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
