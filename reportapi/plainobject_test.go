package reportapi

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

var plainReports = []string{
	`{"ip":"203.0.113.7","kind":"ssh.maxauth"}`,
	` { "ip" : "2001:db8::7" , "points" : 25 , "verdicts" : true, "x":false, "note":null,"id":"0" } ` + "\r\n\t",
	`{}`, ` {} `,
	`{"note":"Zugriff verweigert für «root»","observed":1795400000,"zero":0,"":""}`,
}

var notPlain = []string{
	``, ` `, `{`, `}`, `[]`, `"ip"`, `{"ip"}`, `{"ip":}`, `{"ip":"x"`, `{"ip":"x",}`, `{,}`, `{"ip":"x"}}`, `{"ip":"x"} {}`,
	`{"ip":"x","ip":"y"}`, `{"ip":{"a":1}}`, `{"ip":[1]}`, `{"note":"a\"b"}`, `{"note":"a\u0041"}`, "{\"note\":\"a\nb\"}", "{\"note\":\"\xff\"}",
	`{"n":01}`, `{"n":-1}`, `{"n":1.5}`, `{"n":1e3}`, `{"n":+1}`, `{"n":1x}`, `{"n":truex}`, `{"n":nul}`, `{"n":True}`, `{'n':1}`, "\xef\xbb\xbf{}",
}

func TestPlainObject(t *testing.T) {
	t.Parallel()
	for _, text := range plainReports {
		if _, plain := plainObject([]byte(text)); !plain {
			t.Errorf("%q is not read as plain", text)
		}
	}
	for _, text := range notPlain {
		if o, plain := plainObject([]byte(text)); plain {
			t.Errorf("%q is read as plain: %v", text, o)
		}
	}
}

// What is plain means the same to encoding/json.
func agree(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, text []byte,
) {
	t.Helper()
	o, plain := plainObject(text)
	if !plain {
		return
	}
	want, err := decodeAnyObject(text)
	if err != nil {
		t.Fatalf("%q is read as %v, but it is wrong: %v", text, o, err)
	}
	if !reflect.DeepEqual(o, want) {
		t.Fatalf("%q is read as %v, but is %v", text, o, want)
	}
}

func TestPlainObject_agrees_with_encoding_json(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.String().AsAny(), rapid.Float64().AsAny(), rapid.Int64().AsAny(), rapid.Bool().AsAny(), rapid.Just(any(nil)), rapid.MapOf(rapid.String(), rapid.Int()).AsAny())
		text, err := json.Marshal(rapid.MapOf(rapid.String(), value).Draw(t, "members"))
		if err != nil {
			t.Fatal(err)
		}
		if at := rapid.IntRange(0, len(text)).Draw(t, "damage"); at < len(text) {
			text[at] = rapid.Byte().Draw(t, "by")
		}
		agree(t, text)
	})
}

func FuzzPlainObject(f *testing.F) {
	for _, text := range append(plainReports, notPlain...) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { agree(t, text) })
}
