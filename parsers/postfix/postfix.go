// Package postfix recognises attacks on Postfix in the mail log.
//
// See README.md for what is recognised and parsers/daemon for how.
package postfix

import (
	"bytes"
	"time"

	"penaltybox/parsers/daemon"
	"penaltybox/parsers/event"
)

// Name is the service's name on the command line and in incidents.
const Name = "postfix"

// Summary says in a line what the service reads.
const Summary = "Postfix' messages in mail.log, maillog or the journal"

// host is what Postfix puts in front of a client's address: a name that it has
// checked, or "unknown".
const host = `[^\[\] ]*`

// port may stand behind the address (smtpd_client_port_logging).
const port = `(?::\d+)?`

type kinds struct{ relay, auth, protocol, early, trap, guess event.Kind }

func newKinds() kinds {
	return kinds{
		auth: event.Kind{
			Name: "mail.auth", Tier: event.Hard, Points: 20, PerMinute: 2,
			Summary: "one session failed to log in until Postfix ended it",
			Example: "Nov 22 10:00:00 mail postfix/smtpd[4242]: too many errors after AUTH from unknown[203.0.113.66]",
		},
		relay: event.Kind{
			Name: "mail.relay", Tier: event.Hard, Points: 20, PerMinute: 2,
			Summary: "tried to send mail through the server to strangers",
			Example: "Nov 22 10:00:00 mail postfix/smtpd[4242]: NOQUEUE: reject: RCPT from unknown[203.0.113.66]: 454 4.7.1 <a@example.org>: Relay access denied; from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<x>",
		},
		protocol: event.Kind{
			Name: "mail.protocol", Tier: event.Hard, Points: 15, PerMinute: 2,
			Summary: "spoke something other than SMTP, such as HTTP",
			Example: "Nov 22 10:00:00 mail postfix/smtpd[4242]: warning: non-SMTP command from unknown[203.0.113.66]: GET / HTTP/1.1",
		},
		trap: event.Kind{
			Name: "other.trap", Tier: event.Hard, Points: 40, PerMinute: 1,
			Summary: "used a mailbox that was set as a trap (--trap MAILBOX)",
			Example: "Nov 22 10:00:00 mail postfix/smtpd[4242]: warning: unknown[203.0.113.66]: SASL LOGIN authentication failed: x, sasl_username=a-name-set-as-a-trap",
		},
		early: event.Kind{
			Name: "mail.protocol", Tier: event.Medium, Points: 15, PerMinute: 2,
			Summary: "spoke before its turn (worth 10 points)",
			Example: "Nov 22 10:00:00 mail postfix/postscreen[4242]: PREGREET 14 after 0.2 from [203.0.113.66]:41866: EHLO x\\r\\n",
		},
		guess: event.Kind{
			Name: "mail.auth", Tier: event.Soft, Points: 20,
			Summary: "ten failed log-ins, or three different names, within an hour",
			Example: "Nov 22 10:00:00 mail postfix/smtpd[4242]: message repeated 10 times: [ warning: unknown[203.0.113.66]: SASL LOGIN authentication failed: UGFzc3dvcmQ6]",
		},
	}
}

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind {
	k := newKinds()
	return []event.Kind{k.auth, k.relay, k.protocol, k.trap, k.early, k.guess}
}

// New returns a recogniser for a log.
func New(setting event.Setting) *daemon.Recogniser {
	k := newKinds()
	return daemon.New(setting, daemon.Spec{IsProgram: isProgram, Trap: &k.trap, Rules: rules(&k)})
}

// isProgram knows smtpd and postscreen under each name that Postfix gives
// them: postfix/smtpd, postfix/submission/smtpd, and what syslog_name makes of
// several instances, such as postfix-in/smtpd and mx1/smtpd.
func isProgram(name []byte) bool {
	return bytes.HasSuffix(name, []byte("/smtpd")) || bytes.HasSuffix(name, []byte("/postscreen"))
}

// early is worth less than its kind: broken gateways do it, too.
const earlyPoints = 10

// after is what a client had said last, as smtpd tells.
const after = `(?:[A-Z-]+|DATA content|BDAT content)`

func rules(k *kinds) []daemon.Rule {
	client := host + `\[ADDR\]` + port
	return []daemon.Rule{
		{Kind: &k.auth, Hint: "too many errors after AUTH", Message: `too many errors after AUTH(?: \(\d+ bytes\))? from ` + client},
		{Kind: &k.protocol, Hint: "non-SMTP command from", Message: `(?:warning: )?non-SMTP command from ` + client + `: (?P<note>.*)`},
		{Kind: &k.protocol, Hint: "NON-SMTP COMMAND from", Message: `NON-SMTP COMMAND from \[ADDR\]:\d+(?: after ` + after + `:)? (?P<note>.*)`},
		// On submission ports it is a customer who forgot to log in. Postfix
		// before 2.3 has no enhanced status code, and NOQUEUE only from 2.1 on.
		{
			Kind: &k.relay, Hint: "Relay access denied", Except: []string{"/sub", "submission", "smtps"},
			Message: `(?:[0-9A-Za-z]+: )?reject: RCPT from ` + client + `: [45]5[0-9] (?:[45]\.7\.1 )?<(?P<note>(?:"[^"]*"|[^">])*)>: (?:Recipient address rejected: )?Relay access denied(?:;.*)?`,
		},
		{Kind: &k.early, Points: earlyPoints, Hint: "PREGREET ", Message: `PREGREET \d+ after [0-9.]+ from \[ADDR\]:\d+: (?P<note>.*)`},
		{Kind: &k.early, Points: earlyPoints, Hint: "improper command pipelining after", Message: `(?:warning: )?improper command pipelining after ` + after + ` from ` + client + `(?::(?: (?P<note>.*))?)?`},
		{Kind: &k.early, Points: earlyPoints, Hint: "COMMAND PIPELINING from", Message: `COMMAND PIPELINING from \[ADDR\]:\d+(?: after ` + after + `:)? (?P<note>.*)`},
		{
			Kind: &k.guess, Failures: 10, Names: 3, Span: time.Hour, Hint: "authentication failed", Unless: ": Connection lost to authentication server",
			Message: `warning: ` + client + `: SASL \S+ authentication failed(?::.*?(?:, sasl_username=(?P<note>.*))?)?`,
		},
	}
}
