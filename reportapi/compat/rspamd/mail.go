package rspamd

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// unknown is what rspamd writes for what it does not know.
const unknown = "unknown"

// kind is what a rejected mail is.
const kind = "spam.mail"

// mail is what is read of rspamd's JSON, and nothing more.
type mail struct {
	IP        string          `json:"ip"`
	User      string          `json:"user"`
	Action    string          `json:"action"`
	Score     float64         `json:"score"`
	Server    string          `json:"rspamd_server"`
	QueueID   string          `json:"qid"`
	MessageID json.RawMessage `json:"message_id"` // a text; absent or something else if there is none
	Symbols   json.RawMessage `json:"symbols"`    // a list; an empty one is written as an object
}

type symbol struct {
	Name  string  `json:"name"`
	Score float64 `json:"score"`
}

// readMail reads the one JSON object that a body must be.
func readMail(r io.Reader) (mail, error) {
	var m mail
	text, err := io.ReadAll(r)
	if err != nil {
		return m, err
	}
	if text = bytes.TrimSpace(text); len(text) == 0 || text[0] != '{' {
		return m, wrong("the body is no JSON object; set formatter = \"json\" in metadata_exporter's rule")
	}
	if err := json.Unmarshal(text, &m); err != nil {
		if field, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return m, wrong(fmt.Sprintf("%s is a JSON %s, which rspamd does not write there", compat.Quote(field.Field), field.Value))
		}
		return m, wrong("the body is broken JSON; was it cut?")
	}
	return m, nil
}

// report returns the report that a mail is, or why it is none.
func (m mail) report() (report intake.Report, none string, err error) {
	switch {
	case m.Action != "reject":
		return report, "the mail was not rejected", nil
	case m.User != "" && m.User != unknown:
		return report, "the client authenticated", nil
	case m.IP == "" || m.IP == unknown:
		return report, "the mail has no address", nil
	}
	addr, _, err := scoring.ParseTarget(m.IP)
	switch {
	case err != nil && intake.Placeholder(m.IP):
		return report, "", wrong(fmt.Sprintf("ip %s: is what the client should have put an address in the place of; set formatter = \"json\" in metadata_exporter's rule", compat.Quote(m.IP)))
	case err != nil:
		return report, "", wrong(fmt.Sprintf("ip %s: no IPv4 or IPv6 address", compat.Quote(m.IP)))
	}
	if name, special := scoring.Special(addr); special {
		return report, "the address is never listed: " + name, nil
	}
	return intake.Report{IP: addr.String(), Kind: kind, Note: m.note(), ID: m.id()}, "", nil
}

// id names the mail; "" if rspamd does not know which it is. Names come from
// strangers, so it is a hash.
func (m mail) id() string {
	if m.QueueID == "" || m.QueueID == unknown {
		return ""
	}
	h := sha256.New()
	for _, part := range []string{m.Server, m.QueueID, string(m.MessageID)} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return "rspamd/" + hex.EncodeToString(h.Sum(nil)[:16])
}

// maxSymbols is how many symbols a note names.
const maxSymbols = 10

// note tells the score and the symbols that made it, the heaviest first. Their
// options are left out: they hold pieces of the mail.
func (m mail) note() string {
	var symbols []symbol
	_ = json.Unmarshal(m.Symbols, &symbols) // without them the note is shorter
	symbols = slices.DeleteFunc(symbols, func(s symbol) bool { return s.Score <= 0 })
	slices.SortStableFunc(symbols, func(a, b symbol) int { return cmp.Compare(b.Score, a.Score) })
	var names []string
	for _, s := range symbols[:min(len(symbols), maxSymbols)] {
		names = append(names, s.Name)
	}
	note := fmt.Sprintf("rspamd rejected it with %.1f points", m.Score)
	if len(names) > 0 {
		note += ": " + strings.Join(names, ", ")
	}
	return note
}

func wrong(detail string) error {
	return &compat.Fault{Status: http.StatusUnprocessableEntity, Detail: detail}
}
