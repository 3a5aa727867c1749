package abuseipdb

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
)

// What a program writes by RFC 4180 is read as it was meant. Backslashes are
// left out: RFC 4180 and AbuseIPDB differ about them.
func FuzzCSV(f *testing.F) {
	f.Add("203.0.113.7", "18,22", "a \"b\"\nc")
	f.Add("", " ", ",")
	f.Fuzz(func(t *testing.T, first, second, third string) {
		fields := []string{"x" + first, second, third, "end"}
		for i := range fields {
			fields[i] = strings.NewReplacer(`\`, "", "\r", "").Replace(fields[i])
		}
		var b strings.Builder
		w := csv.NewWriter(&b)
		if err := w.WriteAll([][]string{fields, fields}); err != nil {
			t.Fatal(err)
		}
		rows := slices.Collect(csvRows(b.String()))
		if len(rows) != 2 {
			t.Fatalf("%q has %d rows", b.String(), len(rows))
		}
		for i, row := range rows {
			if row.err != nil || row.number != i+1 || !slices.Equal(row.fields, fields) {
				t.Errorf("row %d of %q is %q, %v", row.number, b.String(), row.fields, row.err)
			}
		}
	})
}

func TestCSV_broken_rows_spoil_only_themselves(t *testing.T) {
	t.Parallel()
	rows := slices.Collect(csvRows("a,\"b,c,d\na,b,c,d\n\"a\"x,b,c,d\na,b,c,d,e\na,b,c,d"))
	var good []int
	for _, row := range rows {
		if row.err == nil {
			good = append(good, row.number)
		}
	}
	if want := []int{2, 5}; len(rows) != 5 || !slices.Equal(good, want) {
		t.Errorf("%d rows, good are %v, want %v", len(rows), good, want)
	}
}
