package sshd

import (
	"bytes"
	"net/netip"
	"time"

	"penaltybox/parsers/logline"
)

// history keeps the last lines of the log, as they are: reading them, and
// finding out which a client may have written, is put off until a line comes
// that does not tell all by itself, which is rare. What it keeps depends on
// the lines alone, not on how many are added at a time.
type history struct {
	text []byte // whole lines with their breaks, but for the first if it is cut
	cut  bool   // the log has lines before
}

const (
	// mostHistory bounds the text, in bytes; half of it is kept when it is
	// full. A log with less than that takes no more than it has.
	mostHistory = 128 << 10
	// longestKept is the longest line that is looked at again.
	longestKept = 1024
	// longestConnection bounds how far apart two lines of one pid may be and
	// still be of one connection: sshd's LoginGraceTime is 2 minutes, and pids
	// come around again.
	longestConnection = 10 * time.Minute
)

// add adds a line, without its break.
func (h *history) add(line []byte) {
	h.write(line)
	h.write([]byte{'\n'})
}

// write adds lines with their breaks.
func (h *history) write(text []byte) {
	for len(text) > 0 {
		if len(h.text) == mostHistory {
			h.text = h.text[:copy(h.text, h.text[mostHistory/2:])]
			h.cut = true
		}
		n := min(len(text), mostHistory-len(h.text))
		h.grow(n)
		h.text = append(h.text, text[:n]...)
		text = text[n:]
	}
}

// grow makes room for n bytes more, doubling up to the bound.
func (h *history) grow(n int) {
	if need := len(h.text) + n; need > cap(h.text) {
		grown := make([]byte, len(h.text), min(max(need, 2*cap(h.text)), mostHistory))
		copy(grown, h.text)
		h.text = grown
	}
}

// doubtAt returns the doubt about a line that begins at a place in the text:
// it depends on the lines that begin within [longestOutput] before.
func (h *history) doubtAt(at int) doubt {
	from := 0
	if before := at - longestOutput; before > 0 {
		from = before + bytes.IndexByte(h.text[before-1:at], '\n')
	} else if h.cut {
		return doubt{left: longestOutput, behind: true} // what stood before is not known
	}
	d := doubt{behind: from > 0 || h.cut}
	for line := range bytes.Lines(h.text[from:at]) {
		d.next(bytes.TrimSuffix(line, []byte{'\n'}))
	}
	return d
}

// find returns where the lines with a word begin, the latest last.
func (h *history) find(word []byte) (places []int) {
	for at := 0; ; {
		found := bytes.Index(h.text[at:], word)
		if found < 0 {
			return places
		}
		found += at
		begin := bytes.LastIndexByte(h.text[:found], '\n') + 1
		end := bytes.IndexByte(h.text[found:], '\n')
		if end < 0 {
			return places
		}
		at = found + end
		if at-begin <= longestKept && (begin > 0 || !h.cut) {
			places = append(places, begin)
		}
	}
}

// each hands the messages of the process that wrote a line to look, the
// latest first, until look returns false. Lines that a client may have written
// are left out.
func (h *history) each(clock logline.Clock, of logline.Header, look func(message []byte) bool) {
	if len(of.PID) == 0 {
		return
	}
	places := h.find(append(append([]byte{'['}, of.PID...), "]:"...))
	if len(places) == 0 { // RFC 5424
		places = h.find(append(append([]byte{' '}, of.PID...), ' '))
	}
	for i := len(places) - 1; i >= 0; i-- {
		line, _, _ := bytes.Cut(h.text[places[i]:], []byte{'\n'})
		header, ok := clock.Header(line)
		if !ok || !bytes.Equal(header.PID, of.PID) || !bytes.Equal(header.Host, of.Host) || !isProgram(header.Program) {
			continue
		}
		if d := h.doubtAt(places[i]); d.next(line) || h.keptDoubt(clock, places[i]) {
			continue
		}
		if of.Time.Sub(header.Time).Abs() > longestConnection {
			return
		}
		message, _, ok := logline.UnwrapRepeated(bytes.TrimRight(header.Message, " \t"))
		if ok && len(message) < longestMessage && !look(message) {
			return
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

// onlyKeys tells whether the process of a line saw failed keys of a user who
// exists, and no failed password: an agent that offers all its keys looks so.
func (h *history) onlyKeys(clock logline.Clock, of logline.Header) bool {
	keys, others := 0, 0
	h.each(clock, of, func(message []byte) bool {
		switch {
		case bytes.HasPrefix(message, []byte("Failed publickey for invalid user ")), bytes.HasPrefix(message, []byte("Invalid user ")):
			others++
		case bytes.HasPrefix(message, []byte("Failed publickey for ")):
			keys++
		case bytes.HasPrefix(message, []byte("Failed ")) && !bytes.HasPrefix(message, []byte("Failed none for ")):
			others++
		}
		return others == 0
	})
	return keys > 0 && others == 0
}
