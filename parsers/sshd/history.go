package sshd

import (
	"bytes"
	"net/netip"
	"time"

	"penaltybox/parsers/logline"
)

// history keeps the last lines of the log, as they are: reading them is put
// off until a line comes that does not tell its address, which is rare. Lines
// that a client may have written must not be added.
type history struct{ young, old []byte }

const (
	generation = 128 << 10 // bytes of lines, twice
	// longestConnection bounds how far apart two lines of one pid may be and
	// still be of one connection: sshd's LoginGraceTime is 2 minutes, and pids
	// come around again.
	longestConnection = 10 * time.Minute
)

func (h *history) add(line []byte) {
	if len(line) > 1024 {
		return
	}
	if len(h.young)+len(line)+1 > generation {
		h.young, h.old = h.old[:0], h.young
	}
	if h.young == nil {
		h.young = make([]byte, 0, generation)
	}
	h.young = append(append(h.young, line...), '\n')
}

// lastLine cuts the last line off.
func lastLine(lines []byte) (rest, line []byte) {
	lines = lines[:len(lines)-1]
	at := bytes.LastIndexByte(lines, '\n') + 1
	return lines[:at], lines[at:]
}

// each hands the messages of the process that wrote a line to look, the
// latest first, until look returns false.
func (h *history) each(clock logline.Clock, of logline.Header, look func(message []byte) bool) {
	if len(of.PID) == 0 {
		return
	}
	tag := append(append([]byte{'['}, of.PID...), "]:"...)
	for _, lines := range [][]byte{h.young, h.old} {
		for line := []byte(nil); len(lines) > 0; {
			lines, line = lastLine(lines)
			if !bytes.Contains(line, tag) {
				continue
			}
			header, ok := clock.Header(line)
			if !ok || !bytes.Equal(header.PID, of.PID) || !bytes.Equal(header.Host, of.Host) || !isProgram(header.Program) {
				continue
			}
			if of.Time.Sub(header.Time).Abs() > longestConnection {
				return
			}
			if message, _, ok := logline.UnwrapRepeated(header.Message); ok && !look(message) {
				return
			}
		}
	}
}

// addr returns the address that the process of a line named last.
func (h *history) addr(clock logline.Clock, of logline.Header) (addr netip.Addr, ok bool) {
	h.each(clock, of, func(message []byte) bool {
		addr, ok = provenPeer(message)
		return !ok
	})
	return addr, ok
}

// onlyKeys tells whether the process of a line saw failed keys and no failed
// password: an agent that offers all its keys looks so.
func (h *history) onlyKeys(clock logline.Clock, of logline.Header) bool {
	keys, others := 0, 0
	h.each(clock, of, func(message []byte) bool {
		switch {
		case bytes.HasPrefix(message, []byte("Failed publickey for ")):
			keys++
		case bytes.HasPrefix(message, []byte("Failed ")) && !bytes.HasPrefix(message, []byte("Failed none for ")):
			others++
		}
		return others == 0
	})
	return keys > 0 && others == 0
}
