package web

// longestPath is how long a path is looked at; a probe is far shorter.
const longestPath = 1024

// normalise appends path to space as servers see it: escapes (%2F) undone
// once, several slashes as one; and in lower case, because some file systems
// do not tell. It reports false for a path longer than space can hold.
func normalise(space, path []byte) ([]byte, bool) {
	if len(path) > cap(space) {
		return nil, false
	}
	out := space
	for i := 0; i < len(path); i++ {
		b := path[i]
		if b == '%' && i+2 < len(path) {
			if high, low := digit(path[i+1]), digit(path[i+2]); high >= 0 && low >= 0 {
				b = byte(high<<4 | low)
				i += 2
			}
		}
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b == '/' && len(out) > 0 && out[len(out)-1] == '/' {
			continue
		}
		out = append(out, b)
	}
	return out, true
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
