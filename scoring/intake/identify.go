package intake

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"penaltybox/scoring"
)

const (
	maxID   = 200
	maxNote = 1024
)

// identify gives an incident its id, so that a report sent twice counts once.
// The reporter's own id decides if there is one. Else, with the time of
// observation, the content decides: the same event read twice from a log is
// one. Else the id is random: three equal reports in one second are three
// incidents.
func identify(reporter string, kind scoring.Kind, report Report, incident scoring.Incident) (scoring.ID, *Refusal) {
	switch {
	case len(report.ID) > maxID || !printable(report.ID):
		return 0, &Refusal{Field: "id", Value: report.ID, Problem: fmt.Sprintf("is not 1 to %d printable characters", maxID), Hint: "leave it out, or send a hash"}
	case report.ID != "":
		return hash("id", reporter, report.ID), nil
	case report.Observed != "":
		return hash("event", reporter, incident.Addr.String(), kind.Name,
			incident.Observed.Format(time.RFC3339), strconv.Itoa(int(incident.Points)), incident.Note), nil
	}
	var b [8]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return scoring.ID(binary.BigEndian.Uint64(b[:])), nil
}

// hash returns the first 64 bits of SHA-256 over the parts, each with its
// length before it so that parts cannot run together.
func hash(parts ...string) scoring.ID {
	h := sha256.New()
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return scoring.ID(binary.BigEndian.Uint64(h.Sum(nil)))
}

func printable(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// cleanNote makes a note safe to show and keep: attackers write log lines.
// Control characters, line separators and marks that turn the direction of
// writing become spaces, broken UTF-8 the replacement character,
// and what is beyond 1,024 bytes is cut with "…".
func cleanNote(note string) string {
	note = strings.ToValidUTF8(note, "\ufffd")
	note = strings.TrimSpace(strings.Map(func(r rune) rune {
		if ' ' <= r && r <= '~' {
			return r // nearly all, and quicker
		}
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, note))
	return cutNote(note)
}

// cutNote cuts what is beyond 1,024 bytes.
func cutNote(note string) string {
	if len(note) <= maxNote {
		return note
	}
	const mark = "…"
	cut := maxNote - len(mark)
	for !utf8.RuneStart(note[cut]) {
		cut--
	}
	return note[:cut] + mark
}

// quote writes a value into a message: cut, and with nothing that could
// disturb a terminal or a log.
func quote(value string) string {
	const most = 80
	if len(value) > most {
		value = strings.ToValidUTF8(value[:most], "") + "…"
	}
	return strconv.Quote(value)
}
