package reportapi

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/scoring"
)

// fill draws a value for everything that a type holds, so that a field that
// comes later is not forgotten.
func fill(t *rapid.T, v reflect.Value) {
	if !rapid.Bool().Draw(t, "filled") {
		return
	}
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		*p = utc(time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "time"), 0))
		return
	case *netip.Addr:
		if *p = netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "IPv4"))); rapid.Bool().Draw(t, "IPv6") {
			*p = netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "IPv6 address")))
		}
		return
	case *netip.Prefix:
		var addr netip.Addr
		for !addr.IsValid() {
			fill(t, reflect.ValueOf(&addr).Elem())
		}
		*p = scoring.PrefixOf(addr)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(rapid.Int64().Draw(t, "number"))
	case reflect.Uint16, reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "number") >> (64 - v.Type().Bits()))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(t, "length"), 3))
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.Struct:
		fillFields(t, v)
	default:
		t.Fatalf("nothing fills a %s", v.Type())
	}
}

func fillFields(t *rapid.T, v reflect.Value) {
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			fill(t, v.Field(i))
		} else {
			fillFields(t, v.Field(i).Elem()) // embedded
		}
	}
}

func TestEncodeReport_agrees_with_encoding_json(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		view := reportView{incidentView: &incidentView{}}
		fillFields(t, reflect.ValueOf(&view).Elem())
		want, err := encodeJSON(view)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := encodeReport(&view); err != nil || string(got) != string(want) {
			t.Fatalf("%v\ngot  %s\nwant %s", err, got, want)
		}
	})
}
