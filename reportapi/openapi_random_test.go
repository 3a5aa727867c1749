package reportapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"

	"penaltybox/scoring/control"
)

// Whatever is asked in the words of openapi.yaml, sensible or not, the answer
// is one that openapi.yaml describes, and never a fault of ours.
func TestOpenAPI_random_requests_get_described_answers(t *testing.T) {
	t.Parallel()
	doc, err := description()
	must(t, err)
	operations := operationsOf(doc)
	statuses := map[int]int{}
	rapid.Check(t, func(rt *rapid.T) {
		n := newNode(t)
		words := newVocabulary(n)
		for range rapid.IntRange(5, 30).Draw(rt, "requests") {
			c := words.request(rt, rapid.SampledFrom(operations).Draw(rt, "operation"))
			w := n.do(t, c)
			statuses[w.Code]++
			if w.Code >= http.StatusInternalServerError {
				t.Errorf("answers %d: %s\n%s", w.Code, w.Body, n.log)
			}
			if t.Failed() {
				rt.Fatalf("the request was %s as %s, %v, with %q", c.line, c.as, c.headers, c.body)
			}
			words.learn(w.Body.Bytes())
		}
	})
	// A generator that is always refused, or never, tells nothing.
	for _, status := range []int{200, 201, 400, 401, 403, 404} {
		if statuses[status] == 0 {
			t.Errorf("no request was answered %d: %v", status, statuses)
		}
	}
}

// operation is one of openapi.yaml.
type operation struct {
	method, path string
	parameters   openapi3.Parameters
	*openapi3.Operation
}

func operationsOf(doc *openapi3.T) []operation {
	var all []operation
	for path, item := range doc.Paths.Map() {
		for method, described := range item.Operations() {
			all = append(all, operation{method, path, slices.Concat(item.Parameters, described.Parameters), described})
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return all
}

// vocabulary is what values are made of: by the name of a field, what means
// something there, ids and cursors of earlier answers among them.
type vocabulary map[string][]string

func newVocabulary(n *node) vocabulary {
	addresses := []string{"203.0.113.7", "203.0.113.8", "2001:db8::7", "10.0.0.1", serverAddr, "::ffff:203.0.113.9"}
	times := []string{"2026-11-22T09:00:00Z", "2026-11-23T10:00:00+02:00", "1795341000", "24h"}
	names := []string{"reporter", "admin", "reader", "web1"}
	return vocabulary{
		"ip": addresses, "client": addresses, "prefix": append(slices.Clone(addresses), "203.0.113.0/24", "0.0.0.0/0"),
		"kind": {"ssh.maxauth", "web.wordpress", "hacked.host", "ssh"}, "category": {"ssh", "web", "ssh,forum"},
		"observed": times, "expires": times, "time": times, "since": times,
		"ttl": {"3s", "90m", "30d", "400d"}, "for": {"10m"}, "reporter": names, "name": append(slices.Clone(names), "203.0.113.7", "7.113.0.203.bl.example"),
		"zone": {"bl.example", "ssh.example"}, "id": {"8f3c2a6b19d4e750"}, "If-Match": {`"v0"`, `"v1"`, "*"},
		"limit": {"1", "7"}, "threshold": {"1", "50"}, "points": {"1", "20", "25"}, "key": {n.keys[control.RoleReader]},
		"format": {"plain", "ndjson", "rpz", "nftables.nft"}, "url": {"https://hooks.example.org/x"}, "events": {"listed", "listed,key_paused"}, "overlap": {"0s", "24h"}, "reason": {"a test"},
	}
}

// rubbish means nothing anywhere.
var rubbish = []string{"", "x", "-1", "65536", "99999999999999999999", "%", "a b", "\u202e", "\x00", "<script>", "=1+1", "'; --", strings.Repeat("x", 300)}

// text draws a value for a field: mostly one that means something there.
func (v vocabulary) text(rt *rapid.T, name string) string {
	known := v[name]
	if len(known) == 0 || rapid.IntRange(0, 5).Draw(rt, "sense of "+name) == 0 {
		known = rubbish
	}
	return rapid.SampledFrom(known).Draw(rt, name)
}

// learn takes the ids and cursors of an answer.
func (v vocabulary) learn(answer []byte) {
	var doc any
	if json.Unmarshal(answer, &doc) != nil {
		return
	}
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, element := range value {
				walk(element)
			}
		case map[string]any:
			for name, element := range value {
				text, isText := element.(string)
				switch {
				case isText && name == "id":
					v["id"] = append(v["id"], text)
				case isText && name == "next":
					v["cursor"] = append(v["cursor"], text)
				default:
					walk(element)
				}
			}
		}
	}
	walk(doc)
}

// request draws a request of an operation.
func (v vocabulary) request(rt *rapid.T, o operation) call {
	c := call{as: rapid.SampledFrom(append(control.Roles(), control.RoleAdmin, control.RoleAdmin, "")).Draw(rt, "role")}
	path, query := o.path, url.Values{}
	for _, ref := range o.parameters {
		p := ref.Value
		if p.In != "path" && rapid.IntRange(0, 2).Draw(rt, "gives "+p.Name) > 0 && !p.Required {
			continue
		}
		value := v.text(rt, p.Name)
		if schema := p.Schema.Value; len(schema.Enum) > 0 && rapid.Bool().Draw(rt, "enum") {
			value = fmt.Sprint(rapid.SampledFrom(schema.Enum).Draw(rt, p.Name))
		}
		switch p.In {
		case "path":
			if value == "" || strings.ContainsAny(value, "\x00") {
				value = "x" // another path
			}
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(value))
		case "query":
			query.Set(p.Name, value)
			c.tolerated = c.tolerated || value == "" // as if it were absent
		case "header":
			if !strings.ContainsAny(value, "\x00\r\n") {
				c.headers = append(c.headers, p.Name+": "+value)
			}
		}
	}
	c.line = o.method + " " + path
	if len(query) > 0 {
		c.line += "?" + query.Encode()
	}
	if o.RequestBody != nil {
		v.body(rt, o, &c)
	}
	return c
}

// body draws a body, in one of the types that the operation takes.
func (v vocabulary) body(rt *rapid.T, o operation, c *call) {
	types := slices.Sorted(maps.Keys(o.RequestBody.Value.Content))
	mediaType := rapid.SampledFrom(types).Draw(rt, "type")
	c.headers = append(c.headers, "Content-Type: "+mediaType)
	schema := o.RequestBody.Value.Content[mediaType].Schema.Value
	switch mediaType {
	case "application/json":
		encoded, err := json.Marshal(v.value(rt, "body", schema))
		if err != nil {
			rt.Fatal(err)
		}
		c.body, c.tolerated = string(encoded), c.tolerated || strings.Contains(string(encoded), "null")
	case "application/x-www-form-urlencoded":
		form := url.Values{}
		object, _ := v.value(rt, "body", schema).(map[string]any)
		for name, value := range object {
			form.Set(name, fmt.Sprint(value))
		}
		c.body, c.tolerated = form.Encode(), true // the validator reads texts as their schema's type
	default:
		lines := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) string {
			return fmt.Sprintf(`{"ip":%q,"kind":%q}`, v.text(rt, "ip"), v.text(rt, "kind"))
		}), 0, 5).Draw(rt, "rows")
		c.body = strings.Join(lines, "\n")
		c.tolerated = c.tolerated || c.body == "" // a log without events
	}
	if c.body != "" && rapid.IntRange(0, 9).Draw(rt, "broken") == 0 {
		c.body, c.tolerated = c.body[:rapid.IntRange(0, len(c.body)-1).Draw(rt, "cut")], true
	}
}

// value draws a value of a schema, or nearly.
func (v vocabulary) value(rt *rapid.T, name string, schema *openapi3.Schema) any {
	if choices := slices.Concat(schema.OneOf, schema.AnyOf); len(choices) > 0 {
		return v.value(rt, name, rapid.SampledFrom(choices).Draw(rt, "one of "+name).Value)
	}
	object := map[string]any{}
	for _, part := range schema.AllOf {
		if fields, is := v.value(rt, name, part.Value).(map[string]any); is {
			maps.Copy(object, fields)
		} else {
			return v.value(rt, name, part.Value)
		}
	}
	switch {
	case len(schema.Enum) > 0 && rapid.IntRange(0, 9).Draw(rt, "enum") > 0:
		return rapid.SampledFrom(schema.Enum).Draw(rt, name)
	case schema.Type.Includes("array"):
		return rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) any { return v.value(rt, name, schema.Items.Value) }), 0, 3).Draw(rt, name)
	case schema.Type.Includes("boolean"):
		return rapid.SampledFrom([]any{true, false, "true", "perhaps", nil}).Draw(rt, name)
	case schema.Type.Includes("integer"):
		return rapid.SampledFrom([]any{0, 1, 20, 50, 65535, 65536, -1, 1.5, "20"}).Draw(rt, name)
	case schema.Type.Includes("string"):
		return v.text(rt, name)
	}
	for _, field := range slices.Sorted(maps.Keys(schema.Properties)) {
		if slices.Contains(schema.Required, field) || rapid.IntRange(0, 3).Draw(rt, "gives "+field) == 0 {
			object[field] = v.value(rt, field, schema.Properties[field].Value)
		}
	}
	if rapid.IntRange(0, 19).Draw(rt, "one field more") == 0 {
		object["knd"] = "x"
	}
	return object
}
