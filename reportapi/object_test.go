package reportapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"

	"pgregory.net/rapid"
)

// A flat object that encoding/json writes is read back as it was, whatever
// its names and values.
func TestObject_reads_what_encoding_json_writes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.MapOf(rapid.String(), rapid.OneOf(
			rapid.String().AsAny(), rapid.Int64().AsAny(), rapid.Bool().AsAny(), rapid.Just(any(nil)),
		)).Draw(t, "values")
		text, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		o, err := decodeObject(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if len(o) != len(values) {
			t.Fatalf("%s: %d members", text, len(o))
		}
		for _, m := range o {
			want := fmt.Sprint(values[m.name])
			if values[m.name] == nil {
				want = ""
			}
			if m.value != want {
				t.Fatalf("%s: %q is %q, want %q", text, m.name, m.value, want)
			}
		}
	})
}

func TestObject_reads_what_a_browser_sends(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := url.Values{}
		for name, value := range rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "values") {
			values.Set(name, value)
		}
		o, err := decodeForm(values.Encode())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range o {
			if values.Get(m.name) != m.value {
				t.Fatalf("%q is %q, want %q", m.name, m.value, values.Get(m.name))
			}
		}
		if len(o) != len(values) {
			t.Fatalf("%d members, want %d", len(o), len(values))
		}
	})
}
