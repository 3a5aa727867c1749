package sshd

import (
	"bytes"

	"penaltybox/parsers/logline"
)

// keptDoubt tells whether a client may have written the line that begins at a
// place in the text, if that line was kept with a time of somebody's in front,
// as the output of a container is. If the container's sshd logs to its output,
// the breaks in a client's words begin lines there, in front of which the keeper
// puts his time. They are close behind the line of sshd's that they were cut
// from, which has no header, or at best words that look like one without a pid.
func (h *history) keptDoubt(clock logline.Clock, at int) bool {
	line, _, _ := bytes.Cut(h.text[at:], []byte{'\n'})
	if _, kept := logline.Kept(line); !kept {
		return false
	}
	for left, end := longestOutput, at; left > 0; {
		if end == 0 {
			return h.cut
		}
		begin := bytes.LastIndexByte(h.text[:end-1], '\n') + 1
		if begin == 0 && h.cut {
			return true
		}
		line := bytes.TrimSuffix(h.text[begin:end-1], []byte{'\r'})
		if header, ok := clock.Header(line); !ok || len(header.PID) == 0 {
			return true
		}
		if inner, kept := logline.Kept(line); kept {
			line = inner
		}
		left -= len(line) + 1
		end = begin
	}
	return false
}

// lastLine returns where the last line begins.
func (h *history) lastLine() int {
	return bytes.LastIndexByte(h.text[:max(len(h.text)-1, 0)], '\n') + 1
}

// isKeptOutput tells whether a line is sshd's own output behind a time: no host
// is called so.
func isKeptOutput(line []byte) bool {
	var rest []byte
	switch {
	case len(line) < len("2006-01-02T15:04:05Z x y"):
		return false
	case line[10] == 'T': // RFC 3339
		_, rest, _ = bytes.Cut(line, []byte{' '})
	case line[3] == ' ' && line[6] == ' ' && line[15] == ' ': // Jan _2 15:04:05
		rest = line[16:]
	}
	if len(rest) < 2 {
		return false
	}
	switch rest[0] {
	case 'R':
		return bytes.HasPrefix(rest, []byte("Received disconnect from "))
	case 'I':
		return bytes.HasPrefix(rest, []byte("Invalid user "))
	case 'F':
		return bytes.HasPrefix(rest, []byte("Failed "))
	case 'D':
		return bytes.HasPrefix(rest, []byte("Disconnect"))
	case 'C':
		return bytes.HasPrefix(rest, []byte("Connection "))
	case 'B':
		return bytes.HasPrefix(rest, []byte("Bad protocol version "))
	case 'b':
		return bytes.HasPrefix(rest, []byte("banner exchange: "))
	case 'e':
		return bytes.HasPrefix(rest, []byte("error: "))
	case 'k':
		return bytes.HasPrefix(rest, []byte("kex_exchange_identification: "))
	case 'i':
		return bytes.HasPrefix(rest, []byte("input_userauth_request: "))
	}
	return false
}
