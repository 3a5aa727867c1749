// Package named recognises strangers who ask BIND for a whole zone.
//
// BIND refuses them in the same words whether they came by TCP or by UDP, and
// by UDP anybody can come in anybody's name. So a refusal counts only if the
// query log said, of the same address and port just before, that the query
// came by TCP. See README.md.
package named

import (
	"bytes"
	"regexp"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// Name is the service's name on the command line and in incidents.
const Name = "named"

// Summary says in a line what the service reads.
const Summary = "BIND's log, with its query log in the same place"

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind { return []event.Kind{*transferKind()} }

func transferKind() *event.Kind {
	return &event.Kind{
		Name: "other.dns", Tier: event.Medium, Points: 10, PerMinute: 2,
		Summary: "asked for a whole zone by TCP, and was refused",
		Example: "22-Nov-2026 10:00:00.123 client @0x7f 203.0.113.66#41866 (example.org): query: example.org IN AXFR -T (192.0.2.1)\n22-Nov-2026 10:00:00.123 client @0x7f 203.0.113.66#41866 (example.org): zone transfer 'example.org/AXFR/IN' denied",
	}
}

// BIND escapes blanks, quotes and parentheses in names, so these expressions
// account for every byte. query takes those with T among their flags: TCP.
var (
	query  = regexp.MustCompile(`^client (?:@0x[0-9a-f]+ )?([0-9a-fA-F:.]+#\d+)(?: \([^ ()]*\))?: (?:view [^ ]+: )?query: [^ ]+ IN AXFR [+-][A-Z0-9()]*T[A-Z0-9()]*(?: \([0-9a-fA-F:.]+\))?(?: \[ECS [0-9a-fA-F:./]+\])?$`)
	denied = regexp.MustCompile(`^client (?:@0x[0-9a-f]+ )?(([0-9a-fA-F:.]+)#\d+)(?: \([^ ()]*\))?: (?:view [^ ]+: )?zone transfer '([^' ]+)/AXFR/IN' denied$`)
	hints  = [][]byte{[]byte(" AXFR "), []byte("/AXFR/IN' denied")}
)

// Recogniser reads one stream of lines in order. It is not safe for concurrent
// use.
type Recogniser struct {
	setting event.Setting
	kind    *event.Kind
	tcp     [256]client // the last that asked by TCP
	next    int
}

type client struct {
	endpoint string // address#port
	at       time.Time
}

// New returns a recogniser for a log.
func New(setting event.Setting) *Recogniser {
	return &Recogniser{setting: setting, kind: transferKind()}
}

// Reasons why a refusal is not believed.
const (
	noHeader  = "no header in front that BIND or its logger writes"
	noProof   = "no query log says that this came by TCP, and by UDP the address may be anybody's"
	noAddress = "the client is named, not numbered: host names are not resolved"
)

// Recognise tells what one line, without its line break, says. It does not
// allocate for lines that it ignores.
func (r *Recogniser) Recognise(line []byte) (event.Match, event.Outcome) {
	if !bytes.Contains(line, hints[0]) && !bytes.Contains(line, hints[1]) {
		return event.Match{}, event.Ignored
	}
	header, ok := r.front(line)
	if !ok {
		return event.Refuse(noHeader)
	}
	message := withoutCategory(header.Message)
	if groups := query.FindSubmatch(message); groups != nil {
		r.tcp[r.next%len(r.tcp)] = client{string(groups[1]), header.Time}
		r.next++
		return event.Match{}, event.Ignored
	}
	groups := denied.FindSubmatch(message)
	if groups == nil {
		return event.Match{}, event.Ignored
	}
	addr, ok := event.Addr(groups[2])
	switch {
	case !ok:
		return event.Refuse(noAddress)
	case !r.cameByTCP(groups[1], header.Time):
		return event.Refuse(noProof)
	}
	return event.Match{Kind: r.kind, Addr: addr, Time: header.Time, Host: header.Host, Note: groups[3]}, event.Recognised
}

// cameByTCP tells whether the query log said so of a client within a second.
func (r *Recogniser) cameByTCP(endpoint []byte, at time.Time) bool {
	for i := range r.tcp {
		if r.tcp[i].endpoint == string(endpoint) && at.Sub(r.tcp[i].at).Abs() <= time.Second {
			return true
		}
	}
	return false
}

// front proves the front of a line: a syslog header of named, or the time that
// BIND writes to a file, "22-Nov-2026 10:00:00.123".
func (r *Recogniser) front(line []byte) (logline.Header, bool) {
	if header, ok := r.setting.Clock.Header(line); ok && string(header.Program) == "named" {
		return header, true
	}
	if len(line) < len("02-Jan-2006 15:04:05 ") || line[2] != '-' || line[6] != '-' || line[11] != ' ' {
		at, rest, ok := r.setting.Clock.Front(line) // print-time iso8601
		return logline.Header{Time: at, Message: rest}, ok
	}
	turned := append(append([]byte{}, line[7:11]...), ' ') // 2026 Nov 22 …
	turned = append(append(turned, line[3:6]...), ' ')
	turned = append(append(turned, line[:2]...), line[11:]...)
	at, _, ok := r.setting.Clock.Front(turned)
	_, message, cut := bytes.Cut(line[12:], []byte{' '})
	return logline.Header{Time: at, Message: message}, ok && cut
}

// withoutCategory cuts off "security: error: " (print-category, print-severity).
func withoutCategory(message []byte) []byte {
	for range 2 {
		word, rest, ok := bytes.Cut(message, []byte(": "))
		if !ok || bytes.ContainsAny(word, " #()'") {
			break
		}
		message = rest
	}
	return message
}
