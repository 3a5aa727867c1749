package reportapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring/control"
)

// void asks for a void as a moderator does.
func void(query, body string) call {
	return call{line: "POST /v1/voids" + query, as: control.RoleModerator, body: body, headers: []string{jsonBody}}
}

// reporterNamed adds a reporter and returns a function that reports as it.
func (n *node) reporterNamed(t testing.TB, name string) func(form string) {
	t.Helper()
	_, err := n.registrar.AddReporter(t.Context(), n.now(), name, control.RoleModerator)
	must(t, err)
	_, key, err := n.registrar.AddKey(t.Context(), n.now(), control.KeyOrder{Reporter: name})
	must(t, err)
	return func(form string) {
		t.Helper()
		n.ask(t, call{line: "POST /v1/incidents", body: form, headers: []string{formBody, "Authorization: Bearer " + key}}, http.StatusCreated)
	}
}

// A reporter's week is taken back: the preview says whom that delists and whom
// not, and why; that is what happens; and undoing it lists them again.
func TestVoids(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	web1, web2 := n.reporterNamed(t, "web1"), n.reporterNamed(t, "web2")
	web1("ip=203.0.113.1&kind=hacked.host&id=before")
	n.wait(time.Hour)
	web1("ip=203.0.113.7&kind=hacked.host")       // all that is said of it
	web1("ip=203.0.113.8&kind=hacked.host")       // web2 says so too
	web2("ip=203.0.113.8&kind=hacked.host")       // …
	web1("ip=198.51.100.130&kind=hacked.host")    // within a range that web2 lists
	web2("ip=198.51.100.128/25&kind=hacked.host") // …
	web1("ip=198.51.100.7&kind=ssh.maxauth")      // not enough to list it
	web1("ip=198.51.100.8&kind=other.manual&points=60")
	web2("ip=198.51.100.8&kind=ssh.maxauth&points=50") // stays in ssh.example, and in bl.example
	n.wait(time.Hour)

	const order = `{"reporter":"web1","from":"90m","reason":"read the wrong log"}`
	preview := n.ask(t, void("?dry_run=1", order), http.StatusOK)
	preview.wants(t, map[string]any{
		"dry_run": true, "void.reporter": "web1", "void.from": "2026-11-22T10:30:00Z", "void.to": "2026-11-22T12:00:01Z", "void.by": "moderator",
		"effect.incidents": 5.0, "effect.points": 230.0, "effect.addresses": 5.0, "effect.delisted": 1.0, "effect.staying": 3.0, "effect.listed": 0.0,
		"effect.listings.1.prefix": "198.51.100.130/32", "effect.listings.1.staying.0": "bl.example", "effect.listings.1.range": "198.51.100.128/25", "effect.listings.1.reporters": nil,
		"effect.listings.0.prefix": "198.51.100.8/32", "effect.listings.0.staying.1": "ssh.example", "effect.listings.0.score": 50.0,
		"effect.listings.2.prefix": "203.0.113.7/32", "effect.listings.2.delisted.0": "bl.example", "effect.listings.2.staying": nil,
		"effect.listings.3.prefix": "203.0.113.8/32", "effect.listings.3.reporters.0": "web2", "effect.listings.3.score": 50.0,
		"effect.listings.4": nil, "effect.truncated": false, "effect.next": nil,
	})
	n.wantListed(t, "203.0.113.7", true)
	n.ask(t, call{line: "GET /v1/voids", as: control.RoleModerator}, http.StatusOK).wants(t, map[string]any{"voids.0": nil})

	made := n.ask(t, void("", order), http.StatusCreated)
	if fmt.Sprint(made["effect"]) != fmt.Sprint(preview["effect"]) {
		t.Errorf("it did %v, and the preview said %v", made["effect"], preview["effect"])
	}
	for ip, listed := range map[string]bool{"203.0.113.7": false, "203.0.113.8": true, "198.51.100.130": true, "198.51.100.8": true, "203.0.113.1": true} {
		doc := n.ask(t, call{line: "GET /v1/check/" + ip + "?format=json", as: control.RoleReader}, http.StatusOK)
		if doc.at("listed") != listed {
			t.Errorf("%s: listed is %v", ip, doc.at("listed"))
		}
	}

	id := made.at("void.id").(string)
	n.ask(t, call{line: "GET /v1/voids/" + id, as: control.RoleModerator}, http.StatusOK).wants(t, map[string]any{"id": id, "reason": "read the wrong log"})
	n.ask(t, call{line: "DELETE /v1/voids/" + id + "?dry_run=1", as: control.RoleModerator}, http.StatusOK).wants(t, map[string]any{
		"effect.listed": 1.0, "effect.delisted": 0.0, "effect.listings.2.listed.0": "bl.example", "effect.listings.2.prefix": "203.0.113.7/32",
	})
	n.wantListed(t, "203.0.113.7", false)
	n.ask(t, call{line: "DELETE /v1/voids/" + id, as: control.RoleModerator}, http.StatusOK).wants(t, map[string]any{"void.id": id, "effect.listed": 1.0})
	n.wantListed(t, "203.0.113.7", true)
	n.ask(t, call{line: "DELETE /v1/voids/" + id, as: control.RoleModerator}, http.StatusNotFound)

	audit := n.ask(t, call{line: "GET /v1/audit?object=void/" + id, as: control.RoleAdmin}, http.StatusOK)
	audit.wants(t, map[string]any{
		"events.1.action": "remove", "events.1.before.reason": "read the wrong log", "events.1.after": nil,
		"events.0.action": "add", "events.0.who": "moderator", "events.0.source": clientAddr, "events.0.after.from": "2026-11-22T10:30:00Z", "events.0.before": nil,
	})
}

// Everybody's reports of an address are taken back by its prefix.
func TestVoids_byPrefix(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	n.strike(t, "203.0.113.8")
	n.ask(t, void("", `{"prefix":"203.0.113.7","reason":"our monitoring","id":"monitoring"}`), http.StatusCreated).wants(t, map[string]any{
		"void.id": "monitoring", "void.prefix": "203.0.113.7/32", "void.reporter": nil, "void.from": nil, "effect.delisted": 1.0,
	})
	n.wantListed(t, "203.0.113.7", false)
	n.wantListed(t, "203.0.113.8", true)
	n.ask(t, void("", `{"prefix":"203.0.113.8","reason":"another","id":"monitoring"}`), http.StatusConflict)
	n.strike(t, "203.0.113.7") // in the second of the void: taken back too
	n.wantListed(t, "203.0.113.7", false)
	n.wait(time.Second)
	n.strike(t, "203.0.113.7")
	n.wantListed(t, "203.0.113.7", true)
}

// However much a preview has to tell, each page is bounded, and the pages
// together tell all of it once.
func TestVoids_pages(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var want []string
	for i := range 25 {
		ip := fmt.Sprintf("203.0.113.%d", 10+i)
		n.report(t, control.RoleModerator, "ip="+ip+"&kind=hacked.host")
		want = append(want, ip+"/32")
	}
	var told []string
	cursor, pages := "", 0
	for ; pages == 0 || cursor != ""; pages++ {
		doc := n.ask(t, void("?dry_run=1&limit=10&cursor="+strings.Replace(cursor, "/", "%2F", 1), `{"reporter":"moderator","to":"2026-11-22T10:00:01Z","reason":"r"}`), http.StatusOK)
		doc.wants(t, map[string]any{"effect.delisted": 25.0, "effect.truncated": pages < 2})
		for _, listing := range doc.at("effect.listings").([]any) {
			told = append(told, listing.(map[string]any)["prefix"].(string))
		}
		cursor, _ = doc.at("effect.next").(string)
	}
	if pages != 3 || !slices.Equal(told, want) {
		t.Errorf("%d pages tell %v", pages, told)
	}
	n.ask(t, void("?limit=10", `{"reporter":"moderator","reason":"r"}`), http.StatusCreated).wants(t, map[string]any{
		"effect.delisted": 25.0, "effect.truncated": true, "effect.next": nil,
	})
}

func TestVoids_refused(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for name, test := range map[string]struct{ query, body, field, detail string }{
		"of nobody and nothing": {"", `{"reason":"r"}`, "reporter", "is missing"},
		"no reason":             {"", `{"reporter":"reporter"}`, "reason", "want 1 to 200"},
		"no reason, dry":        {"?dry_run=1", `{"reporter":"reporter"}`, "reason", "want 1 to 200"},
		"unknown reporter":      {"", `{"reporter":"web9","reason":"r"}`, "reporter", "is not known"},
		"broken prefix":         {"", `{"prefix":"203.0.113","reason":"r"}`, "prefix", "no address"},
		"the whole Internet":    {"", `{"prefix":"0.0.0.0/0","reason":"r"}`, "prefix", "a large part of the Internet"},
		"half of IPv6":          {"", `{"prefix":"8000::/1","reason":"r"}`, "prefix", "a large part of the Internet"},
		"from no time":          {"", `{"reporter":"reporter","from":"yesterday","reason":"r"}`, "from", "no time"},
		"to come":               {"", `{"reporter":"reporter","to":"2026-11-23T10:00:00Z","reason":"r"}`, "to", "in the future"},
		"ends before it begins": {"", `{"reporter":"reporter","from":"1h","to":"2h","reason":"r"}`, "to", "not after it begins"},
		"an id with a slash":    {"", `{"reporter":"reporter","id":"a/b","reason":"r"}`, "id", "want 1 to 63"},
		"an id of a removal":    {"", `{"reporter":"reporter","id":"removal-x","reason":"r"}`, "id", "granted requests"},
		"unknown field":         {"", `{"reporter":"reporter","sins":1,"reason":"r"}`, "sins", "no field"},
		"cursor in earnest":     {"?cursor=203.0.113.7/32", `{"reporter":"reporter","reason":"r"}`, "cursor", "without dry_run"},
		"broken cursor":         {"?dry_run=1&cursor=x", `{"reporter":"reporter","reason":"r"}`, "cursor", "not one that"},
		"more than is told":     {"?limit=10001", `{"reporter":"reporter","reason":"r"}`, "limit", "outside"},
	} {
		c := void(test.query, test.body)
		c.tolerated = true
		doc := n.ask(t, c, http.StatusBadRequest)
		if detail, _ := doc.at("detail").(string); doc.at("field") != test.field || !strings.Contains(detail, test.detail) {
			t.Errorf("%s: refused for %v: %s", name, doc.at("field"), detail)
		}
	}
	if voids := n.book.Voids(); len(voids) > 0 {
		t.Errorf("voids are %v", voids)
	}
	n.ask(t, void("?dry_run=1", `{"prefix":"0.0.0.0/0","reason":"r","force":true}`), http.StatusOK)
	n.ledger.failWith(errors.New("the disk is full"))
	n.ask(t, void("", `{"reporter":"reporter","reason":"r"}`), http.StatusInternalServerError)
	n.ledger.mend()
	if voids := n.book.Voids(); len(voids) > 0 {
		t.Errorf("voids are %v", voids)
	}
}
