// Package rspamd takes what rspamd's metadata_exporter tells of mails over HTTP.
//
// Only a mail that rspamd rejects, from a client that did not authenticate, is a
// report: the address that sent it, with the score and the names of the heaviest
// symbols as the note. Everything else of the mail (subject, sender, recipients,
// headers) is neither kept nor logged. Each mail counts by itself; the same mail
// told again, known by its queue id and its Message-ID, counts once.
//
// rspamd calls every status but 200 an error, so what is no report answers 200.
package rspamd
