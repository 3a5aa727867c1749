// Package parsers reads the logs of services and tells which addresses
// attacked them, as incidents that a Penaltybox server takes.
//
// One recogniser per service ([Services], [Find]) judges one line at a time:
// it proves who wrote the line, what it says and which address it is about,
// and refuses whatever a client could have made up. A [Parser] drives it over
// a log: it numbers the lines, leaves out tiers that were not asked for,
// bounds what one address causes in a minute, gives each event an id that is
// the same whenever the log is read again, and writes one JSON object per line
// (NDJSON), fit for POST /v1/incidents:
//
//	{"ip":"203.0.113.66","kind":"ssh.maxauth","points":20,"time":"2026-11-22T10:00:00Z",…}
//
// [Run] does all of it for one log. To add a service: a folder with a
// recogniser (see parsers/sshd), a README.md, sample lines and a fuzz target,
// and its row in [Services]; or, without code, a file for parsers/rules.
//
// The packages under parsers know the server only by what they write: they
// import nothing of it.
package parsers
