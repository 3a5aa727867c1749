package reportapi_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"

	"penaltybox/scoring/control"
)

// bodyRoute is a route that may be sent a body.
type bodyRoute struct {
	line string // with what the node has in the place of parameters
	// unread: nothing is made of a body, which the server drops.
	unread bool
}

// bodyRoutes returns every route that changes something or may be posted to,
// those that end things last.
func bodyRoutes(t *testing.T, n *node) []bodyRoute {
	t.Helper()
	unread := []string{
		"POST /compat/crowdsec/v1/usage-metrics", "POST /compat/crowdsec/v1/watchers", "POST /v1/webhooks/:name/test", "POST /report/sign-out",
		"DELETE /compat/crowdsec/v1/decisions", "DELETE /compat/crowdsec/v1/decisions/:id",
		"DELETE /v1/exemptions", "DELETE /v1/keys/:id", "DELETE /v1/keys/:id/pause", "DELETE /v1/privacy/:ip", "DELETE /v1/protected/:name",
		"DELETE /v1/querylog", "DELETE /v1/voids/:id", "DELETE /v1/webhooks/:name",
	}
	in := n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth")
	removal, _, err := n.registrar.AskRemoval(t.Context(), n.now(), n.book.Policy(), control.RemovalRequest{Addr: netip.MustParseAddr("203.0.113.7"), Held: "a moderator decides"})
	must(t, err)
	n.ask(t, call{line: "PUT /v1/protected/reporter", as: control.RoleAdmin, body: "192.88.99.0/24\n", headers: []string{textBody}}, http.StatusOK)
	n.ask(t, call{line: "POST /v1/webhooks", as: control.RoleAdmin, body: `{"name":"reporter","url":"https://hooks.example.org/"}`, headers: []string{jsonBody}}, http.StatusCreated)
	keyID := strings.Split(n.keys[control.RoleReporter], "_")[1]
	ids := strings.NewReplacer("/incidents/:ip/:id", "/incidents/203.0.113.7/"+in.at("id").(string), "/removals/:id", "/removals/"+removal.ID,
		"/keys/:id", "/keys/"+keyID, ":name", "reporter", ":ip", "203.0.113.7", ":id", "1")
	var routes []bodyRoute
	for _, route := range n.routes() {
		if slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, route.Method) {
			line := route.Method + " " + route.Path
			routes = append(routes, bodyRoute{ids.Replace(line), slices.Contains(unread, line)})
		}
	}
	last := map[bool]int{true: 1}
	slices.SortFunc(routes, func(a, b bodyRoute) int {
		x, y := strings.HasPrefix(a.line, http.MethodDelete), strings.HasPrefix(b.line, http.MethodDelete)
		return cmp.Or(cmp.Compare(last[x], last[y]), cmp.Compare(a.line, b.line))
	})
	return routes
}

// sendBody sends a body to a route, with an admin's key as its clients give it.
func (n *node) sendBody(t *testing.T, line, kind, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	key, cookies := n.keys[control.RoleAdmin], []*http.Cookie(nil)
	headers = append(headers, kind, "Sec-Fetch-Site: same-origin")
	switch {
	case strings.Contains(line, "/compat/crowdsec/"):
		headers = append(headers, "X-Api-Key: "+key)
	case strings.Contains(line, "/compat/rspamd/"), strings.Contains(line, " /v1/"):
		headers = append(headers, "Authorization: Bearer "+key)
	case strings.Contains(line, "/compat/abuseipdb/"):
		headers = append(headers, "Key: "+key)
	case strings.Contains(line, "/compat/"):
		line += "?apikey=" + key + "&api_key=" + key + "&format=json&f=json"
	case strings.Contains(line, " /report"):
		v := &visitor{T: t, node: n}
		v.signIn(control.RoleAdmin)
		cookies = v.cookies
	}
	r, w := n.request(call{line: line, body: body, headers: headers}), httptest.NewRecorder()
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	n.ServeHTTP(w, r)
	return w
}

// inOwnShape tells whether a refusal is one that the route's clients understand.
func inOwnShape(line string, w *httptest.ResponseRecorder) bool {
	var told struct {
		Detail, Message, Why string
		Error                any
		Errors               json.RawMessage
	}
	if path := strings.Fields(line)[1]; page(path) {
		return strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && strings.Contains(w.Body.String(), "</html>")
	}
	if json.Unmarshal(w.Body.Bytes(), &told) != nil {
		return false
	}
	switch {
	case strings.Contains(line, "/compat/abuseipdb/"):
		var faults []struct {
			Detail string
			Status int
		}
		return json.Unmarshal(told.Errors, &faults) == nil && len(faults) == 1 && faults[0].Detail != "" && faults[0].Status == w.Code
	case strings.Contains(line, "/compat/blocklistde/"):
		var faults map[string]any
		return json.Unmarshal(w.Body.Bytes(), &faults) == nil && faults["status"] == "error" && faults["error"] == 1.0 && len(faults) == 3
	case strings.Contains(line, "/compat/crowdsec/"):
		return told.Message != ""
	case strings.Contains(line, "/compat/rspamd/"):
		return told.Why != ""
	case strings.Contains(line, "/compat/stopforumspam/"):
		text, _ := told.Error.(string)
		return text != ""
	}
	return told.Detail != "" && w.Header().Get("Content-Type") == "application/problem+json"
}

// A body that cannot be meant well is refused by every route in the words of its
// own clients: never taken, and never called a fault of the server.
func TestRoutes_malformed_bodies(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	deep := strings.Repeat(`{"ip":[`, 20_000)
	bodies := map[string]string{
		"cut JSON":              `{"ip":"203.0.113.7","kind":"ssh.maxauth","note":"abc`,
		"cut array":             `[{"ip":"203.0.113.7","kind":"ssh.maxauth"}`,
		"deep nesting":          deep[:60_000],
		"deep and whole":        `{"ip":` + strings.Repeat("[", 11_000) + strings.Repeat("]", 11_000) + `}`,
		"deep array":            strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
		"a number":              `17`,
		"null":                  `null`,
		"a text":                `"203.0.113.7"`,
		"two objects":           `{"nonsense":1}{"nonsense":2}`,
		"wrong types":           `{"ip":{"a":[1]},"kind":[[]],"name":{},"prefix":true,"machine_id":[],"action":7,"threshold":{"a":1},"reason":[{}]}`,
		"array of wrong types":  `[{"source":7,"decisions":"x","ip":[],"kind":{}},7,null,"x"]`,
		"huge number":           `{"ip":1e999999,"points":1e400,"threshold":99999999999999999999999}`,
		"invalid UTF-8":         "{\"action\":\"reject\",\"ip\":\"203.0.113.\xff\xfe\",\"reason\":\"\xc3\x28\",\"n\xffme\":\"x\"}",
		"NULs":                  strings.Repeat("\x00", 300),
		"a text with NUL":       "{\"ip\":\"203.0.113.7\x00\",\"reason\":\"\x00\"}",
		"a form of NULs":        "ip=%00&kind=%00&name=%00",
		"an undecodable form":   "ip=%zz&kind=%",
		"an empty multipart":    "--x\r\n",
		"a broken multipart":    "--x\r\nContent-Disposition: form-data; name=\"ip\"\r\n\r\n203.0.113",
		"a BOM in UTF-16":       "\xff\xfe{\x00\"\x00i\x00p\x00\"\x00",
		"something in the form": "\x1b[2J=1&\r\n=2",
	}
	kinds := []string{jsonBody, formBody, ndjsonBody, textBody, "Content-Type: multipart/form-data; boundary=x", "Content-Type: ;;", "X-None: 1"}
	for _, route := range bodyRoutes(t, n) {
		for name, body := range bodies {
			for _, kind := range kinds {
				w := n.sendBody(t, route.line, kind, body)
				says := fmt.Sprintf("%s with %s (%s) answers %d: %.300s", route.line, name, kind, w.Code, w.Body)
				switch {
				case w.Code >= 500:
					t.Error(says)
				case w.Code >= 400:
					if !inOwnShape(route.line, w) {
						t.Error("in no shape of its clients, " + says)
					}
				case route.line == "POST /v1/incidents": // whose rows are refused one by one
					if told := decode(t, w.Body.Bytes()); told.at("recorded") != 0.0 || told.at("refused") == 0.0 {
						t.Error(says)
					}
				case !route.unread && !page(strings.Fields(route.line)[1]): // a page shows what is missing
					t.Error(says)
				}
			}
		}
	}
	if recorded := n.board.Incidents(netip.MustParsePrefix("203.0.113.7/32")); len(recorded) != 1 {
		t.Errorf("recorded are %v", recorded)
	}
}

// A body of a few kilobytes that unfolds to 64 MiB is refused by every route that
// reads it, in the words of its clients, before it takes memory. Pages unfold
// nothing. Not parallel: what the process allocates is measured.
func TestRoutes_bombs(t *testing.T) {
	n := newNode(t)
	routes := bodyRoutes(t, n)
	for _, c := range bothCodings {
		object := encoded(t, c, `{"note":"`+strings.Repeat(" ", 64<<20))
		array := encoded(t, c, `[{"note":"`+strings.Repeat(" ", 64<<20))
		parts := encoded(t, c, "--x\r\nContent-Disposition: form-data; name=\"csv\"\r\n\r\n"+strings.Repeat(" ", 64<<20))
		for _, route := range routes {
			body, kind := object, jsonBody
			switch path := strings.Fields(route.line)[1]; {
			case page(path):
				kind = formBody
			case strings.HasSuffix(path, "/alerts"):
				body = array
			case strings.HasSuffix(path, "/bulk-report"):
				body, kind = parts, "Content-Type: multipart/form-data; boundary=x"
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			w := n.sendBody(t, route.line, kind, body, "Content-Encoding: "+string(c))
			runtime.ReadMemStats(&after)
			most := uint64(8 << 20)
			if route.line == "POST /report/sign-in" {
				most += 19 << 20 // which hashing a password takes
			}
			if taken := after.TotalAlloc - before.TotalAlloc; taken > most {
				t.Errorf("%s in %s takes %d bytes", route.line, c, taken)
			}
			if isPage := page(strings.Fields(route.line)[1]); !route.unread && !isPage && (w.Code != http.StatusRequestEntityTooLarge || !inOwnShape(route.line, w)) || w.Code >= 500 {
				t.Errorf("%s in %s answers %d: %.300s", route.line, c, w.Code, w.Body)
			}
		}
	}
}
