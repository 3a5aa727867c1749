package submit

import (
	"bytes"
	"encoding/json"
	"log/slog"
)

// Row is an incident as it goes over the wire: one line of NDJSON with its
// line break.
type Row []byte

// described is what a row is recognised by, for people.
type described struct {
	IP      string `json:"ip"`
	Kind    string `json:"kind"`
	Time    string `json:"time"`
	ID      string `json:"id"`
	Service string `json:"service"`
	Line    int    `json:"lineno"`
}

func (r Row) describe() (d described) {
	_ = json.Unmarshal(r, &d) // what is no row of ours describes itself as nothing
	return d
}

// LogValue implements slog.LogValuer.
func (r Row) LogValue() slog.Value {
	d := r.describe()
	return slog.GroupValue(
		slog.String("ip", d.IP), slog.String("kind", d.Kind), slog.String("time", d.Time),
		slog.String("id", d.ID), slog.String("service", d.Service), slog.Int("lineno", d.Line))
}

// join writes rows one after the other.
func join(rows []Row) []byte {
	size := 0
	for _, row := range rows {
		size += len(row)
	}
	body := make([]byte, 0, size)
	for _, row := range rows {
		body = append(body, row...)
	}
	return body
}

// split cuts a text into rows; an unfinished last one is left out.
func split(text []byte) []Row {
	var rows []Row
	for {
		length := bytes.IndexByte(text, '\n') + 1
		if length == 0 {
			return rows
		}
		rows = append(rows, Row(text[:length:length]))
		text = text[length:]
	}
}
