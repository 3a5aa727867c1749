// Package event says what a recogniser finds in a line of a log: which kind of
// abuse, by which address, when. It is the vocabulary that the recognisers of
// parsers/sshd, parsers/web and their kin share with the reader that drives
// them, package parsers. It does no I/O.
package event
