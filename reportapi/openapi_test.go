package reportapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"penaltybox/reportapi"
	"penaltybox/scoring/control"
)

// description is openapi.yaml, read once.
var description = sync.OnceValues(func() (*openapi3.T, error) {
	for _, text := range []string{"application/x-ndjson", "application/zstd", "text/html", "text/csv"} {
		openapi3filter.RegisterBodyDecoder(text, openapi3filter.RegisteredBodyDecoder("text/plain"))
	}
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(reportapi.OpenAPI())
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(loader.Context)
})

var router = sync.OnceValues(func() (routers.Router, error) {
	doc, err := description()
	if err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(doc)
})

// page tells whether a path is for people, whom openapi.yaml tells nothing.
func page(path string) bool {
	return path == "/" || path == "/lookup" || path == "/style.css" || path == "/report" || strings.HasPrefix(path, "/report/")
}

// conforms holds an answer to openapi.yaml, and the request too if it was
// taken and should be described. What is no route of ours may only be a problem.
func conforms(t testing.TB, r *http.Request, w *httptest.ResponseRecorder, described bool) {
	t.Helper()
	if w.Header().Get("X-Request-Id") == "" {
		t.Errorf("%s %s: answer without X-Request-Id", r.Method, r.URL)
	}
	routes, err := router()
	must(t, err)
	head := r.Method == http.MethodHead
	if head {
		r.Method = http.MethodGet
	}
	route, params, err := routes.FindRoute(r)
	if err != nil {
		if kind := w.Header().Get("Content-Type"); w.Code/100 != 4 || kind != "application/problem+json" {
			t.Errorf("%s %s is not in openapi.yaml and answers %d (%s)", r.Method, r.URL, w.Code, kind)
		}
		return
	}
	options := &openapi3filter.Options{
		IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		ExcludeResponseBody: head, SkipSettingDefaults: true,
	}
	request := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
	if w.Code < 400 && described {
		if err := openapi3filter.ValidateRequest(t.Context(), request); err != nil {
			t.Errorf("%s %s was taken, but openapi.yaml says: %v", r.Method, r.URL, err)
		}
	}
	response := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: w.Code, Header: w.Header(), Options: options,
		Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
	}
	if err := openapi3filter.ValidateResponse(t.Context(), response); err != nil {
		t.Errorf("%s %s answers %d, but openapi.yaml says: %v\n%s", r.Method, r.URL, w.Code, err, w.Body)
	}
}

func TestOpenAPI_describes_every_route_and_no_other(t *testing.T) {
	t.Parallel()
	doc, err := description()
	must(t, err)
	var described, served []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	for _, route := range newNode(t).routes() {
		if route.Method == http.MethodHead {
			continue // said once for all of GET
		}
		if strings.HasPrefix(route.Path, "/compat/") || page(route.Path) {
			continue // what others have described
		}
		parts := strings.Split(route.Path, "/")
		for i, part := range parts {
			if name, isParam := strings.CutPrefix(part, ":"); isParam {
				parts[i] = "{" + name + "}"
			}
		}
		served = append(served, route.Method+" "+strings.Join(parts, "/"))
	}
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) {
		t.Errorf("openapi.yaml describes\n%s\nserved are\n%s", strings.Join(described, "\n"), strings.Join(served, "\n"))
	}
}

func TestOpenAPI_examples_of_requests_are_taken(t *testing.T) {
	t.Parallel()
	doc, err := description()
	must(t, err)
	sent := 0
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.RequestBody == nil {
				continue
			}
			for mediaType, media := range operation.RequestBody.Value.Content {
				for name, example := range examplesOf(mediaType, media) {
					n := newNode(t)
					in := n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth")
					id := in.at("id").(string)
					if strings.HasPrefix(path, "/v1/keys/") {
						id = strings.Split(n.keys[control.RoleReporter], "_")[1]
					}
					if strings.HasPrefix(path, "/v1/removals/") {
						removal, _, err := n.registrar.AskRemoval(t.Context(), n.now(), n.book.Policy(), control.RemovalRequest{Addr: netip.MustParseAddr("203.0.113.7"), Held: "a moderator decides"})
						must(t, err)
						id = removal.ID
					}
					target := strings.NewReplacer("{ip}", "203.0.113.7", "{id}", id, "{name}", "reporter").Replace(path)
					if path != "/v1/reporters/{name}" && path != "/v1/reporters" {
						_, err := n.registrar.AddReporter(t.Context(), n.now(), "web1", control.RoleReporter)
						must(t, err)
					}
					if strings.HasPrefix(path, "/v1/protected/") {
						target = "/v1/protected/cloudflare"
					}
					if strings.HasPrefix(path, "/v1/webhooks/") {
						_, _, err := n.registrar.AddWebhook(t.Context(), n.now(), control.Webhook{Name: "reporter"}, "https://hooks.example.org/")
						must(t, err)
					}
					if mediaType == "text/plain" && path == "/v1/incidents" {
						target += "?kind=scan.port"
					}
					w := n.do(t, call{line: method + " " + target, as: control.RoleAdmin, body: example, headers: []string{"Content-Type: " + mediaType}})
					if w.Code/100 != 2 || strings.Contains(w.Body.String(), `"refused":1`) {
						t.Errorf("%s %s, example %q of %s: %d: %s", method, path, name, mediaType, w.Code, w.Body)
					}
					sent++
				}
			}
		}
	}
	if sent < 10 {
		t.Errorf("only %d examples were found", sent)
	}
}

// examplesOf returns the examples of a body, as they are sent.
func examplesOf(mediaType string, media *openapi3.MediaType) map[string]string {
	values := map[string]any{}
	if media.Example != nil {
		values["example"] = media.Example
	}
	for name, example := range media.Examples {
		values[name] = example.Value.Value
	}
	texts := map[string]string{}
	for name, value := range values {
		switch fields, isObject := value.(map[string]any); {
		case mediaType == "application/x-www-form-urlencoded" && isObject:
			form := url.Values{}
			for field, text := range fields {
				form.Set(field, fmt.Sprint(text))
			}
			texts[name] = form.Encode()
		case mediaType == "application/json":
			encoded, _ := json.Marshal(value)
			texts[name] = string(encoded)
		default:
			texts[name] = fmt.Sprint(value)
		}
	}
	return texts
}

func TestOpenAPI_is_served(t *testing.T) {
	t.Parallel()
	w := newNode(t).do(t, call{line: "GET /openapi.yaml"})
	if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), reportapi.OpenAPI()) {
		t.Errorf("answers %d and %d bytes", w.Code, w.Body.Len())
	}
}
