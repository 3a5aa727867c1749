package sshd

import "bytes"

// cutPeer cuts "NAME from ADDRESS port N[ ssh2]" at its fixed tail. NAME is the
// client's word and may hold another tail; the last is sshd's. Protocol 1 ended
// in " ssh1" or in nothing.
func cutPeer(text []byte) (name, address []byte, ok bool) {
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte(" ssh2")), []byte(" ssh1"))
	text, address, ok = cutPort(text)
	if !ok {
		return nil, nil, false
	}
	name, ok = cutFrom(text)
	return name, address, ok
}

// cutPort cuts "… ADDRESS port N" into what stands before the blank in front
// of ADDRESS, and ADDRESS.
func cutPort(text []byte) (rest, address []byte, ok bool) {
	text, port, ok := cutLastWord(text)
	if !ok || !isPort(port) {
		return nil, nil, false
	}
	if text, ok = bytes.CutSuffix(text, []byte(" port")); !ok {
		return nil, nil, false
	}
	return cutLastWord(text)
}

// cutFrom cuts " from", or "from" alone behind an empty name, off the end.
func cutFrom(text []byte) (name []byte, ok bool) {
	if name, ok = bytes.CutSuffix(text, []byte(" from")); ok {
		return name, true
	}
	return nil, string(text) == "from"
}

// cutLastWord cuts text at its last blank.
func cutLastWord(text []byte) (rest, word []byte, ok bool) {
	at := bytes.LastIndexByte(text, ' ')
	if at < 0 {
		return nil, nil, false
	}
	return text[:at], text[at+1:], true
}

// isPort tells whether text is a port number in decimal digits.
func isPort(text []byte) bool {
	n := 0
	for _, b := range text {
		if b < '0' || b > '9' {
			return false
		}
		if n = n*10 + int(b-'0'); n > 65535 {
			return false
		}
	}
	return len(text) > 0
}

// bracketed cuts "[ADDRESS]:N" off the front.
func bracketed(text []byte) (address, rest []byte, ok bool) {
	text, ok = bytes.CutPrefix(text, []byte{'['})
	if !ok {
		return nil, nil, false
	}
	address, text, ok = bytes.Cut(text, []byte("]:"))
	if !ok {
		return nil, nil, false
	}
	port, rest, ok := bytes.Cut(text, []byte{' '})
	return address, rest, ok && isPort(port)
}
