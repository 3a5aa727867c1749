package reportapi

import (
	"net/netip"
	"strconv"
	"time"
)

// encodeReport is [encodeJSON] for what nearly every report is answered, several
// times quicker: there are as many of these answers as reports. Whatever is rare
// is left to encoding/json whole.
func encodeReport(v *reportView) ([]byte, error) {
	if v.incidentView == nil || v.Amended != nil || v.Counted != nil || v.Less != nil || v.Problem != nil {
		return encodeJSON(v)
	}
	for i := range v.Zones {
		if zone := &v.Zones[i]; zone.Organisations != nil || zone.MinOrganisations != 0 || zone.Exempt != nil || zone.Range.IsValid() || len(zone.Ranges) > 0 {
			return encodeJSON(v)
		}
	}
	w := jsonWriter{make([]byte, 0, 640)}
	w.report(v)
	return w.b, nil
}

// jsonWriter writes JSON as encoding/json would, for types that it is taught. A
// member follows another by itself; what is left out is left out as the types'
// tags say.
type jsonWriter struct{ b []byte }

func (w *jsonWriter) report(v *reportView) {
	w.open('{')
	w.number("row", v.Row)
	w.text("status", string(v.Status), true)
	w.boolean("duplicate", v.Duplicate)
	w.text("ignored", v.Ignored, false)
	w.boolean("visible", v.Visible)
	w.incident(v.incidentView)
	if v.Score != nil {
		w.name("score")
		w.b = strconv.AppendInt(w.b, int64(*v.Score), 10)
	}
	if len(v.Zones) > 0 {
		w.name("zones")
		w.open('[')
		for i := range v.Zones {
			w.separate()
			w.zone(&v.Zones[i])
		}
		w.b = append(w.b, ']')
	}
	if v.DryRun {
		w.boolean("dry_run", true)
	}
	w.b = append(w.b, '}')
}

func (w *jsonWriter) incident(v *incidentView) {
	if v.IP != (netip.Addr{}) {
		w.name("ip")
		w.b = append(v.IP.AppendTo(append(w.b, '"')), '"')
	}
	if v.Prefix != (netip.Prefix{}) {
		w.name("prefix")
		w.b = append(v.Prefix.AppendTo(append(w.b, '"')), '"')
	}
	if v.ID != nil {
		w.text("id", v.ID.String(), true)
	}
	w.text("kind", v.Kind, false)
	w.text("category", v.Category, false)
	w.number("points", int(v.Points))
	w.text("reporter", v.Reporter, false)
	w.moment("observed", v.Observed)
	w.moment("reported", v.Reported)
	w.moment("expires", v.Expires)
	w.text("note", v.Note, false)
	if v.Withdrawn {
		w.boolean("withdrawn", true)
	}
	if v.Partial {
		w.boolean("partial", true)
	}
}

func (w *jsonWriter) zone(v *zoneView) {
	w.open('{')
	w.text("zone", v.Zone, true)
	w.boolean("listed", v.Listed)
	w.name("score")
	w.b = strconv.AppendInt(w.b, int64(v.Score), 10)
	w.name("threshold")
	w.b = strconv.AppendInt(w.b, int64(v.Threshold), 10)
	w.texts("categories", v.Categories)
	w.texts("codes", v.Codes)
	w.moment("since", v.Since)
	w.moment("until", v.Until)
	w.b = append(w.b, '}')
}

func (w *jsonWriter) open(bracket byte) { w.b = append(w.b, bracket) }

// separate writes the comma between two members or elements.
func (w *jsonWriter) separate() {
	if last := w.b[len(w.b)-1]; last != '{' && last != '[' {
		w.b = append(w.b, ',')
	}
}

func (w *jsonWriter) name(name string) {
	w.separate()
	w.b = append(append(append(w.b, '"'), name...), `":`...)
}

// text writes a member, an empty one only if it is always there.
func (w *jsonWriter) text(name, value string, always bool) {
	if value == "" && !always {
		return
	}
	w.name(name)
	w.quote(value)
}

func (w *jsonWriter) texts(name string, values []string) {
	w.name(name)
	if values == nil {
		w.b = append(w.b, "null"...)
		return
	}
	w.open('[')
	for _, value := range values {
		w.separate()
		w.quote(value)
	}
	w.b = append(w.b, ']')
}

// number writes a member that is left out when it is 0.
func (w *jsonWriter) number(name string, value int) {
	if value == 0 {
		return
	}
	w.name(name)
	w.b = strconv.AppendInt(w.b, int64(value), 10)
}

func (w *jsonWriter) boolean(name string, value bool) {
	w.name(name)
	w.b = strconv.AppendBool(w.b, value)
}

// moment writes a member that is left out when it is zero. The API's times are
// of whole seconds, in UTC.
func (w *jsonWriter) moment(name string, t time.Time) {
	if t.IsZero() {
		return
	}
	w.name(name)
	w.b = append(t.AppendFormat(append(w.b, '"'), time.RFC3339Nano), '"')
}

// quote writes a text; encoding/json does where there is anything to escape.
func (w *jsonWriter) quote(text string) {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			encoded, _ := encodeJSON(text) // a text always encodes
			w.b = append(w.b, encoded...)
			return
		}
	}
	w.b = append(append(append(w.b, '"'), text...), '"')
}
