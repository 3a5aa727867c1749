// Package sshd recognises attacks on OpenSSH in the system's log.
//
// A client chooses its user name and the text of its farewell, and sshd logs
// both. So a line counts only when all of it is accounted for: a proven header
// of sshd (sshd-session since 9.8, sshd-auth since 10.0), one known message
// from its first byte to its last, and the address read from the fixed tail
// that sshd writes behind the client's words. See README.md for what is
// recognised and what is refused.
package sshd
