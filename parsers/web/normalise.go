package web

import "bytes"

// longestPath is how long a path or query is looked at; a probe is shorter.
const longestPath = 2048

// normalise appends a path or query to space as servers see it: escapes (%2F)
// undone once, /./ and several slashes as one; and in lower case, because some file
// systems do not tell. Of what is longer than space can hold, the beginning
// is looked at.
func normalise(space, text []byte) []byte {
	text = text[:min(len(text), cap(space))]
	out := space
	for i := 0; i < len(text); i++ {
		b := text[i]
		if b == '%' && i+2 < len(text) {
			if high, low := digit(text[i+1]), digit(text[i+2]); high >= 0 && low >= 0 {
				b = byte(high<<4 | low)
				i += 2
			}
		}
		switch {
		case 'A' <= b && b <= 'Z':
			b += 'a' - 'A'
		case b != '/':
		case len(out) > 0 && out[len(out)-1] == '/':
			continue
		case len(out) > 1 && out[len(out)-1] == '.' && out[len(out)-2] == '/':
			out = out[:len(out)-1]
			continue
		}
		out = append(out, b)
	}
	return out
}

// withoutSlash cuts off the slash behind a file, which servers that give it
// the rest of the path as an argument do not mind.
func withoutSlash(path []byte) []byte {
	front, ok := bytes.CutSuffix(path, []byte{'/'})
	name := front[bytes.LastIndexByte(front, '/')+1:]
	if !ok || bytes.HasPrefix(name, []byte("..")) || bytes.IndexByte(name, '.') < 0 {
		return path
	}
	return front
}

// digit returns the value of a hexadecimal digit, or -1.
func digit(b byte) int {
	switch {
	case '0' <= b && b <= '9':
		return int(b - '0')
	case 'a' <= b && b <= 'f':
		return int(b-'a') + 10
	case 'A' <= b && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}
