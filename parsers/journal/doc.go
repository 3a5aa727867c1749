// Package journal reads the log of a service out of systemd's journal, by way
// of journalctl, and goes on where it was.
//
// Anybody may write to the journal under any name. What an entry says of itself
// (SYSLOG_IDENTIFIER, MESSAGE) counts only when the fields that journald adds
// and no client can set (those that begin with "_", see systemd.journal-fields)
// say that the service itself has written it: its unit above all, then the
// name of the program and the way in.
package journal
