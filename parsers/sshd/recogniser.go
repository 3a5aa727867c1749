package sshd

import (
	"bytes"
	"unicode"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
	"penaltybox/parsers/tally"
)

// Name is the service's name on the command line and in incidents.
const Name = "sshd"

// Summary says in a line what the service reads.
const Summary = "OpenSSH's messages in auth.log, secure or the journal"

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind {
	return []event.Kind{*maxAuthKind(), *penaltyKind(), *trapKind(), *changeKind(), *bruteForceKind()}
}

// Reasons why a line that speaks of an attack is not believed.
const (
	noHeader     = "no syslog header in front: sshd's own output (-E, -e) can be forged"
	behindForged = "so close behind a line without a header that a client could have written it"
	otherProgram = "another program's line"
	otherMessage = "the words stand inside another message"
	cutOff       = "the message may be cut off, so its end proves nothing"
)

// Recogniser reads one stream of lines in order. It is not safe for
// concurrent use.
type Recogniser struct {
	setting                        event.Setting
	maxAuth, penalty, change, trap *event.Kind
	failures                       *tally.Tally
	saysFailed                     bool // the log has lines about failed passwords
	asked                          asked
	latest                         latest
	doubt                          doubt
	passed                         bool // Skip took lines that doubt has not seen
	searched                       int  // by Skip, in bytes
	history                        history
	ended                          ended
}

// New returns a recogniser for a log.
func New(setting event.Setting) *Recogniser {
	return &Recogniser{
		setting: setting, failures: tally.New(bruteForce()),
		maxAuth: maxAuthKind(), penalty: penaltyKind(), change: changeKind(), trap: trapKind(),
	}
}

// Recognise tells what one line, without its line break, says. It does not
// allocate for lines that it ignores.
func (r *Recogniser) Recognise(line []byte) (event.Match, event.Outcome) {
	r.catchUp()
	doubtful := r.doubt.next(line)
	r.history.add(line)
	about := r.subject(line)
	if about == nothing {
		return r.readRepeated(line, doubtful)
	}
	r.latest.known = false
	header, ok := r.setting.Clock.Header(line)
	switch {
	case !ok:
		return r.refuse(about, noHeader)
	case !isProgram(header.Program):
		return r.refuse(about, otherProgram)
	case doubtful || r.history.keptDoubt(r.setting.Clock, r.history.lastLine()):
		return r.refuse(about, behindForged)
	}
	message, count, ok := logline.UnwrapRepeated(bytes.TrimRight(header.Message, " \t"))
	switch {
	case !ok:
		return r.refuse(about, otherMessage)
	case len(message) >= longestMessage:
		return r.refuse(about, cutOff)
	}
	match, outcome := r.read(about, header, message, count)
	if outcome == event.Recognised {
		match.Time, match.Host = header.Time, header.Host
		if match.Key == "" {
			match.Count = count
		}
	}
	return match, outcome
}

// catchUp finds out what the lines that were skipped make of the next.
func (r *Recogniser) catchUp() {
	if r.passed {
		r.doubt, r.passed = r.history.doubtAt(len(r.history.text)), false
	}
}

// subject is what a line seems to be about.
type subject int

const (
	nothing subject = iota
	maxAuth
	tooManyFailures
	aPenalty
	aChange
	aFailure
)

// subject looks for words. Each search begins with a letter that is rare in
// logs, since this is done for every line.
func (r *Recogniser) subject(line []byte) subject {
	switch {
	case bytes.Contains(line, maxAuthHint):
		return maxAuth
	case bytes.Contains(line, tooMany):
		return tooManyFailures
	case mayBePenalty(line) && bytes.IndexByte(line, '#') >= 0 && bytes.Contains(line, dropWords):
		return aPenalty
	}
	if r.setting.Wants(event.Medium) && bytes.Contains(line, changeHint) {
		return aChange
	}
	if r.wantsFailures() && mayBeFailure(line) {
		return aFailure
	}
	return nothing
}

// read reads a message by its beginning: what it seems to be about may be a
// word of the client's within another.
func (r *Recogniser) read(about subject, header logline.Header, message []byte, count int) (event.Match, event.Outcome) {
	switch {
	case bytes.HasPrefix(bytes.TrimPrefix(message, errorWord), maxAuthWords):
		return r.readMaxAuth(header, message)
	case bytes.HasPrefix(message, dropWords):
		return r.readPenalty(message)
	case bytes.HasPrefix(message, disconnecting):
		return r.readDisconnect(header, message)
	}
	if r.wantsFailures() {
		if match, outcome := r.readFailed(header, message, count); outcome != event.Ignored || about == aFailure {
			return match, outcome
		}
	}
	return event.Refuse(otherMessage)
}

// wantsFailures tells whether failed log-ins are looked at.
func (r *Recogniser) wantsFailures() bool {
	return r.setting.Wants(event.Soft) || len(r.setting.Traps) > 0
}

// refuse refuses a line that would be an event. A failed log-in is none yet.
func (r *Recogniser) refuse(about subject, reason string) (event.Match, event.Outcome) {
	if about == aFailure {
		return event.Match{Reason: reason}, event.Ignored
	}
	return event.Refuse(reason)
}

// longestMessage is where sshd cuts what it hands to syslog (log.c, "%.500s").
const longestMessage = 500

// isProgram tells whether sshd logs under the name: its parts have names of
// their own since 9.8 and 10.0, Alpine's builds with PAM and Kerberos have, PAM
// had until 2006, and journalctl -o with-unit names the unit. Some loggers write
// the path.
func isProgram(name []byte) bool {
	if len(name) > 0 && name[0] == '/' {
		name = name[bytes.LastIndexByte(name, '/')+1:]
	}
	switch string(name) {
	case "sshd", "sshd-session", "sshd-auth", "sshd(pam_unix)", "ssh.service", "sshd.service",
		"sshd.pam", "sshd-session.pam", "sshd-auth.pam", "sshd.krb5", "sshd-session.krb5", "sshd-auth.krb5":
		return true
	}
	return bytes.HasSuffix(name, []byte(".service")) && !bytes.ContainsFunc(name, unicode.IsControl) &&
		(bytes.HasPrefix(name, []byte("ssh@")) || bytes.HasPrefix(name, []byte("sshd@")))
}
