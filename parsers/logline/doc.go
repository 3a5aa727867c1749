// Package logline proves the front of a line that a system logger wrote: the
// time, the host, the program and its pid. Only what stands behind a proven
// front is the program's own message; a line without one is nobody's word.
//
// [Clock.Header] reads the fronts of RFC 3164 §4.1 as syslog daemons and
// `journalctl -o short` write them, and the same with a time as in RFC 3339.
// A time without a year gets the latest year that does not lie in the future.
package logline
