package abuseipdb_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"penaltybox/reportapi/compat/compattest"
)

const csvHead = "IP,Categories,ReportDate,Comment\n"

// outcome is what a bulk report is answered with.
type outcome struct {
	Data struct {
		Saved   int `json:"savedReports"`
		Invalid []struct {
			Error, Input string
			Row          int `json:"rowNumber"`
		} `json:"invalidReports"`
	}
}

func bulk(t *testing.T, n *compattest.Node, csv string) outcome {
	t.Helper()
	body, kind := multipartBody(t, nil, csv)
	w := send(n, "POST /bulk-report", body, kind)
	wants(t, w, http.StatusOK)
	var got outcome
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestBulkReport(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	got := bulk(t, n, "\ufeff"+csvHead+
		`203.0.113.1,"18,22",2026-11-20T10:00:37-04:00,"Failed password for ""odoo"" from 203.0.113.1, port 39121`+"\nssh2\"\r\n"+
		`203.0.113.2,22,2026-11-20T10:00:37Z,"say \"friend\", and a \\"`+"\n"+
		"\n"+
		"203.0.113.1,22,2026-11-20T14:05:00Z,the same event\n"+ // four minutes later
		"203.0.113.1,22,2026-11-20T15:00:00Z,another\n"+
		"127.0.foo.bar,22,2026-11-20T10:00:37Z,\n"+
		"10.0.0.1,22,2026-11-20T10:00:37Z,\n"+
		"203.0.113.3,189,2026-11-20T10:00:37Z,\n"+
		"203.0.113.3,22,yesterday,\n"+
		"203.0.113.3,22,2026-11-20T10:00:37Z\n"+
		"203.0.113.3,22,2026-11-20T10:00:37Z,\"never closed\n"+
		"203.0.113.3,22,2000-01-01T10:00:37Z,long ago\n"+
		"2001:db8::7,21,,no end of line")
	if got.Data.Saved != 4 {
		t.Errorf("saved %d, want 4", got.Data.Saved)
	}
	var invalid []string
	for _, row := range got.Data.Invalid {
		short, _, _ := strings.Cut(row.Error, ":")
		invalid = append(invalid, fmt.Sprintf("%d %s %s", row.Row, short, row.Input))
	}
	want := []string{
		"5 Duplicate IP 203.0.113.1", "7 Invalid IP 127.0.foo.bar", "8 Invalid IP 10.0.0.1", "9 Invalid Category 189", "10 Invalid ReportDate yesterday",
		"11 Invalid row 203.0.113.3,22,2026-11-20T10:00:37Z", `12 Invalid row 203.0.113.3,22,2026-11-20T10:00:37Z,"never closed`,
		"13 Nothing recorded 203.0.113.3",
	}
	// Rows are numbered as they stand, with the header and the empty one.
	if strings.Join(invalid, "|") != strings.Join(want, "|") {
		t.Errorf("invalid are\n%s\nwant\n%s", strings.Join(invalid, "\n"), strings.Join(want, "\n"))
	}
	for addr, want := range map[string]string{
		"203.0.113.1": `ssh.bruteforce: another|ssh.bruteforce: Failed password for *** from 203.0.113.1, port 39121 ssh2`,
		"203.0.113.2": `ssh.bruteforce: say "friend", and a \`,
		"203.0.113.3": "",
		"2001:db8::7": "web.exploit: no end of line",
	} {
		if got := strings.Join(n.Notes(t, addr), "|"); got != want {
			t.Errorf("%s has %q, want %q", addr, got, want)
		}
	}
	again := bulk(t, n, csvHead+"203.0.113.1,22,2026-11-20T14:00:37Z,sent again\n203.0.113.2,22,2026-11-20T10:00:37Z,\n")
	if again.Data.Saved != 0 || len(again.Data.Invalid) != 2 {
		t.Errorf("what is sent again is saved: %+v", again)
	}
}

func TestBulkReport_in_many_batches(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	var b strings.Builder
	b.WriteString(csvHead)
	for i := range 2_500 {
		fmt.Fprintf(&b, "203.0.%d.%d,22,2026-11-22T09:00:00Z,\n", i/2/256, i/2%256) // each twice
	}
	if got := bulk(t, n, b.String()); got.Data.Saved != 1_250 || len(got.Data.Invalid) != 1_250 {
		t.Errorf("saved %d, invalid %d", got.Data.Saved, len(got.Data.Invalid))
	}
}

// A file that is too long is refused as a whole: the answer could not tell which
// rows were saved.
func TestBulkReport_with_too_many_lines(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	const row = "203.0.113.7,22,2026-11-22T09:00:00Z,\n"
	body, kind := multipartBody(t, nil, csvHead+strings.Repeat(row, 10_000))
	wants(t, send(n, "POST /bulk-report", body, kind), http.StatusUnprocessableEntity, "more than 10000 lines; nothing of it was taken")
	if score, _ := n.Score("203.0.113.7"); score != 0 {
		t.Errorf("of a refused file %d points count", score)
	}
	if got := bulk(t, n, csvHead+row+strings.Repeat("x\n", 9_998)); got.Data.Saved != 1 || len(got.Data.Invalid) != 9_998 {
		t.Errorf("of a file of 10000 lines %d rows are saved, %d are invalid", got.Data.Saved, len(got.Data.Invalid))
	}
}

func TestBulkReport_refusals(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	for _, c := range []struct {
		name, csv, field string
		status           int
		part             string
	}{
		{"no file", "", "x", 422, "-F csv=@report.csv"},
		{"other header", "ip,categories,date,comment\n203.0.113.1,22,,\n", "", 422, "IP,Categories,ReportDate,Comment"},
		{"no header", "203.0.113.1,22,,\n", "", 422, "first line"},
		{"only line ends", "\n\r\n\n", "", 422, "empty"},
		{"too large", csvHead + strings.Repeat("x", 3<<20), "", 413, "larger"},
	} {
		fields := map[string]string{}
		if c.field != "" {
			fields[c.field] = "y"
		}
		body, kind := multipartBody(t, fields, c.csv)
		w := send(n, "POST /bulk-report", body, kind)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.part) {
			t.Errorf("%s: answers %d: %s", c.name, w.Code, w.Body)
		}
	}
	wants(t, send(n, "POST /bulk-report", "csv=x", formBody), http.StatusUnprocessableEntity)
}
