// Package logline proves the front of a line that a system logger wrote: the
// time, the host, the program and its pid. Only what stands behind a proven
// front is the program's own message; a line without one is nobody's word.
//
// [Clock.Header] reads the fronts of RFC 3164 §4.1 as syslog daemons and
// journalctl write them, the same with other forms of time, and those of RFC
// 5424. A time without a year gets the latest year that does not lie in the
// future. [Clock.Front] and [Clock.CLF] read the times of logs that a daemon
// writes itself.
package logline
