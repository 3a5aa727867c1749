package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/miekg/dns"

	"penaltybox/reportapi/lists"
)

// hostileMark is within every hostile text, so that it can be looked for.
const hostileMark = "zzmarkzz"

// hostileTexts are what somebody writes who means the spreadsheets, terminals,
// browsers and name servers of those who read it.
func hostileTexts() []string {
	texts := []string{
		"=cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+9)*cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", "\n=1+1",
		"<script>alert(1)</script><img src=x onerror=alert(1)>", "</textarea>\"' onfocus=alert(1) x='", "$DATASET ip4set @", "$SOA 1 a b 0 1 1 1 1", "$\n127.0.0.3",
		`" "; \" \\ \032 \`, "a\n203.0.113.99 :127.0.0.2:x", "a\r\n\r\n203.0.113.99", "\x1b[2J\x1b]0;x\x07", "\u009b31m", "\u202egpj.exe", "\x00\x00", "{{.}} ${x} %s %n", "{until}{contact}",
	}
	for i := range texts {
		texts[i] += hostileMark
	}
	return texts
}

// hostileNode is a node that has been told nothing but hostile texts.
type hostileNode struct {
	*testNode
	t *testing.T
}

// told sends a hostile text in a JSON member. It may be refused, never more.
func (n hostileNode) told(line string, member, text string, others map[string]any) bool {
	n.t.Helper()
	document := map[string]any{member: text}
	for name, value := range others {
		document[name] = value
	}
	body, err := json.Marshal(document)
	if err != nil {
		n.t.Fatal(err)
	}
	method, path, _ := strings.Cut(line, " ")
	got, err := n.call(method, path, "application/json", string(body))
	if err != nil || got.status >= 500 {
		n.t.Fatalf("%s with %s %q: %d %s %v", line, member, text, got.status, got.body, err)
	}
	return got.status < 400
}

// tell writes the texts wherever somebody may write.
func (n hostileNode) tell() {
	n.t.Helper()
	for i, text := range hostileTexts() {
		ip := fmt.Sprintf("203.0.113.%d", i+1)
		if !n.told("POST /v1/incidents", "note", text, map[string]any{"ip": ip, "kind": "hacked.host"}) {
			n.t.Errorf("the note %q was refused", text)
		}
		n.told("POST /removal", "message", text, map[string]any{"ip": ip, "contact": text})
		n.told("POST /v1/exemptions", "reason", text, map[string]any{"prefix": fmt.Sprintf("192.88.%d.0/24", i+1)})
		n.told("POST /v1/voids", "reason", text, map[string]any{"prefix": fmt.Sprintf("192.31.%d.1/32", i+1)})
		n.told("POST /v1/keys", "label", text, map[string]any{"reporter": "admin"})
		for _, name := range []struct{ line, member string }{
			{"POST /v1/reporters", "name"}, {"POST /v1/webhooks", "name"},
		} {
			if n.told(name.line, name.member, text, map[string]any{"url": "https://hooks.example.org/", "role": "reporter"}) {
				n.t.Errorf("%s takes the name %q", name.line, text)
			}
		}
		if n.told("PATCH /v1/reporters/admin", "organisation", text, nil) {
			n.t.Errorf("the organisation %q is taken", text)
		}
		if n.told("PATCH /v1/policy", "kinds", "", map[string]any{"kinds": []any{map[string]any{"number": 200 + i, "name": text, "category": "ssh", "points": 1}}}) {
			n.t.Errorf("the kind %q is taken", text)
		}
	}
}

// harmless wants a text that disturbs no terminal: its lines are its own.
func harmless(t *testing.T, name, text string) {
	t.Helper()
	for _, r := range text {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)) {
			t.Fatalf("%s has %U in it: %.300q", name, r, text)
		}
	}
}

// cli returns what a command prints to a person, or to a program.
func (n hostileNode) cli(terminal bool, args ...string) string {
	n.t.Helper()
	var stdout, stderr bytes.Buffer
	s := newStreams(strings.NewReader(""), &stdout, &stderr)
	s.outTerminal = terminal
	if code := run(n.t.Context(), args, s); code != exitOK {
		n.t.Fatalf("%q: exit code %d: %s", args, code, &stderr)
	}
	harmless(n.t, fmt.Sprint(args), stderr.String())
	return stdout.String()
}

// Whatever strangers and reporters write, no list has any of it, and what is
// shown to people and their programs does no harm.
func TestServe_hostile_texts(t *testing.T) {
	for name, flags := range backends(t) {
		t.Run(name, func(t *testing.T) {
			n := hostileNode{startNode(t, flags()), t}
			t.Setenv("PENALTYBOX_URL", "http://"+n.http)
			t.Setenv("PENALTYBOX_STATE", n.state)
			n.tell()
			n.public()
			n.protected()
			n.tables()
			n.spreadsheets()
		})
	}
}

// public is what strangers read: nothing that anybody wrote is in it.
func (n hostileNode) public() {
	n.t.Helper()
	paths := []string{
		"/lookup?ip=203.0.113.1", "/report", "/v1/check/203.0.113.1", "/v1/check/203.0.113.1?format=json", "/v1/digest",
		"/compat/abuseipdb/api/v2/check?ipAddress=203.0.113.1", "/compat/abuseipdb/api/v2/blacklist?confidenceMinimum=1",
		"/compat/stopforumspam/api?ip=203.0.113.1&json&api_key=" + n.key, "/metrics",
		"/compat/crowdsec/v1/decisions", "/compat/crowdsec/v1/decisions/stream?startup=true", "/compat/crowdsec/v1/alerts?limit=0",
	}
	for _, format := range lists.Formats() {
		paths = append(paths, "/v1/blocklist?format="+format.Name)
	}
	for _, path := range paths {
		got, err := n.call(http.MethodGet, path, "", "", "Key", n.key, "X-Api-Key", n.key)
		if strings.Contains(path, "/crowdsec/") { // where a bearer is an agent's
			got, err = n.call(http.MethodGet, path, "", "", "X-Api-Key", n.key, "Authorization", "")
		}
		if err != nil || got.status != http.StatusOK {
			n.t.Errorf("%s: %d %s %v", path, got.status, got.body, err)
		}
		if text := string(got.body); strings.Contains(text, hostileMark) {
			n.t.Errorf("%s tells what somebody wrote: %.500s", path, text)
		} else {
			harmless(n.t, path, text)
		}
	}
	for i := range hostileTexts() {
		reply, err := n.exchange(addressed(fmt.Sprintf("203.0.113.%d", i+1)).dns, dns.TypeTXT)
		if err != nil || len(reply.Answer) != 1 || strings.Contains(reply.String(), hostileMark) {
			n.t.Errorf("TXT: %v %v", reply, err)
		}
	}
}

// protected is what those who may read notes are answered: JSON, with texts that
// are rid of what steers terminals.
func (n hostileNode) protected() {
	n.t.Helper()
	for _, path := range []string{
		"/v1/incidents?limit=1000", "/v1/ips/203.0.113.1", "/v1/audit?limit=1000", "/v1/exemptions", "/v1/removals?state=open", "/v1/voids", "/v1/keys",
		"/v1/privacy/203.0.113.16", "/compat/abuseipdb/api/v2/check?verbose&ipAddress=203.0.113.8", "/compat/abuseipdb/api/v2/reports?ipAddress=203.0.113.16",
	} {
		got, err := n.call(http.MethodGet, path, "", "", "Key", n.key)
		if err != nil || got.status != http.StatusOK || !json.Valid(got.body) || !bytes.Contains(got.body, []byte(hostileMark)) {
			n.t.Fatalf("%s: %d %.500s %v", path, got.status, got.body, err)
		}
		if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
			n.t.Errorf("%s is %s", path, kind)
		}
		harmless(n.t, path, string(got.body))
	}
}

// tables are what a person's terminal shows.
func (n hostileNode) tables() {
	n.t.Helper()
	var removals struct{ Removals []struct{ ID string } }
	if err := json.Unmarshal(n.get("/v1/removals?state=open").body, &removals); err != nil || len(removals.Removals) == 0 {
		n.t.Fatalf("%v %v", removals, err)
	}
	commands := [][]string{
		{"audit"},
		{"exempt", "list"},
		{"void", "list"},
		{"removal", "list"},
		{"key", "list"},
		{"reporter", "list"},
		{"webhook", "list"},
		{"policy", "show"},
		{"digest"},
		{"check", "203.0.113.16"},
		{"explain", "203.0.113.16"},
		{"explain", "192.88.16.1"},
		{"list"},
		{"privacy", "export", "203.0.113.16"},
	}
	for _, removal := range removals.Removals {
		commands = append(commands, []string{"removal", "show", removal.ID})
	}
	marks := 0
	for _, args := range commands {
		for _, terminal := range []bool{true, false} {
			text := n.cli(terminal, args...)
			harmless(n.t, fmt.Sprint(args), text)
			marks += strings.Count(text, hostileMark)
		}
	}
	if marks < 4*len(hostileTexts()) {
		n.t.Errorf("the texts are shown %d times", marks)
	}
}

// spreadsheets are what Excel takes for formulas when a cell begins so.
func (n hostileNode) spreadsheets() {
	n.t.Helper()
	quoted := 0
	for _, text := range []string{n.cli(false, "audit", "--output", "csv"), string(n.get("/v1/blocklist?format=csv").body)} {
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			n.t.Fatal(err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
					n.t.Errorf("a cell is %q", cell)
				}
				if strings.HasPrefix(cell, "'") {
					quoted++
				}
			}
		}
	}
	if quoted == 0 {
		n.t.Error("no cell had to be kept from being a formula")
	}
}
