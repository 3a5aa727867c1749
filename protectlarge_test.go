package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"penaltybox/scoring/redisledger/redistest"
)

// largeSet is how many networks the warning list names: every other /24 from
// 12.0.0.0 upwards.
const largeSet = 100_000

func largeMember(i int, beside, host byte) string {
	return netip.AddrFrom4([4]byte{byte(12 + i>>15), byte(i >> 7), byte(i<<1) + beside, host}).String()
}

// An imported warning list of a hundred thousand networks: whoever was listed
// leaves DNS, the list and the CrowdSec stream at once, no member can be listed
// any more, a look-up says why, and the neighbours are listed as ever.
func TestProtect_large(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		flags := defaultFlags(t.TempDir())
		node := startNode(t, flags)
		sparesLarge(t, node, node)
		if err := node.stop(); err != nil {
			t.Fatal(err)
		}
		again := startNode(t, flags)
		if codes := again.listed(largeMember(7, 0, 1)); codes != nil {
			t.Errorf("after a restart it is listed: %v", codes)
		}
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		redis := redistest.Start(t)
		flags, others := defaultFlags(t.TempDir()), defaultFlags(t.TempDir())
		flags.Redis, others.Redis = redis.URL(), redis.URL()
		writer := startNode(t, flags)
		asked := startNode(t, others)
		asked.key = writer.key
		sparesLarge(t, writer, asked)
	})
}

// sparesLarge tells the story of a node that is written to and one that is
// asked; they may be the same.
func sparesLarge(t *testing.T, writer, asked *testNode) {
	first := largeMember(7, 0, 1)
	writer.report("ip=" + first + "&kind=hacked.host")
	eventually(t, first+" is listed", func() (int, error) {
		if asked.listed(first) == nil {
			return 0, fmt.Errorf("not yet")
		}
		return 0, nil
	})
	if stream := asked.decisions("?startup=true"); !strings.Contains(stream.named("new"), first) {
		t.Fatalf("the stream does not tell of %s: %+v", first, stream)
	}

	var list struct {
		Name string   `json:"name"`
		Type string   `json:"type"`
		List []string `json:"list"`
	}
	list.Name, list.Type = "a long list", "cidr"
	for i := range largeSet {
		list.List = append(list.List, largeMember(i, 0, 0)+"/24")
	}
	body, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	made, err := writer.call(http.MethodPut, "/v1/protected/long-list", "application/json", string(body))
	if err != nil || made.status != http.StatusOK || !strings.Contains(string(made.body), `"delisted_total":1`) {
		t.Fatalf("importing: %d %s %v", made.status, made.body, err)
	}
	eventually(t, first+" is delisted", func() (int, error) {
		if codes := asked.listed(first); codes != nil {
			return 0, fmt.Errorf("still %v", codes)
		}
		return 0, nil
	})
	if got := asked.get("/v1/blocklist").body; len(got) > 0 {
		t.Errorf("the list still has %s", got)
	}
	if stream := asked.decisions(""); !strings.Contains(stream.named("deleted"), first) {
		t.Errorf("the stream does not say that %s is gone: %+v", first, stream)
	}

	for range 40 {
		i, host := rand.IntN(largeSet), byte(1+rand.IntN(254))
		member, neighbour := largeMember(i, 0, host), largeMember(i, 1, host)
		writer.report("ip=" + member + "&kind=hacked.host")
		writer.report("ip=" + neighbour + "&kind=hacked.host")
		eventually(t, neighbour+" is listed", func() (int, error) {
			if asked.listed(neighbour) == nil {
				return 0, fmt.Errorf("not yet")
			}
			return 0, nil
		})
		eventually(t, "a look-up says why "+member+" is not listed", func() (int, error) {
			if said := string(asked.get("/v1/check/" + member + "?format=text").body); said != "clean; would be listed, protected by long-list\n" {
				return 0, fmt.Errorf("it says %q", said)
			}
			return 0, nil
		})
		if codes := asked.listed(member); codes != nil {
			t.Fatalf("%s is listed: %v", member, codes)
		}
	}
}

// decisionStream is what a CrowdSec bouncer is told.
type decisionStream struct {
	New, Deleted []struct {
		Value string `json:"value"`
	}
}

func (d decisionStream) named(sort string) string {
	list := d.New
	if sort == "deleted" {
		list = d.Deleted
	}
	return fmt.Sprint(list)
}

// decisions asks for the stream as a bouncer does.
func (n *testNode) decisions(query string) decisionStream {
	n.t.Helper()
	got, err := n.call(http.MethodGet, "/compat/crowdsec/v1/decisions/stream"+query, "", "", "X-Api-Key", n.key)
	if err != nil || got.status != http.StatusOK {
		n.t.Fatalf("stream: %d %s %v", got.status, got.body, err)
	}
	var d decisionStream
	if err := json.Unmarshal(got.body, &d); err != nil {
		n.t.Fatal(err)
	}
	return d
}
