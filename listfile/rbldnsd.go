package listfile

import (
	"slices"
	"strings"
)

// dataset reads a file for rbldnsd: datasets of addresses (ip4set, ip4tset,
// ip4trie, ip6tset, ip6trie), alone or as parts of a combined one. Other
// datasets hold no addresses and are passed over, as are test entries in
// 127.0.0.0/8.
type dataset struct {
	file   *File
	passed bool // the present part holds no addresses
	text   string
	vars   [10]string
}

func (d *dataset) line(number int, line string) {
	switch {
	case line[0] == '#' || line[0] == ';':
	case line[0] == '$':
		d.directive(line)
	case d.passed:
	case line[0] == ':' && !strings.HasPrefix(line, "::"): // which begins an address
		d.text = textOf(line, "")
	case line[0] == '!':
		target, _, _ := cutAny(line[1:], " \t#")
		prefixes, err := parseShort(target)
		if err != nil {
			d.file.fault(number, line, err.Error())
			return
		}
		d.file.Excluded = append(d.file.Excluded, prefixes...)
	default:
		d.entry(number, line)
	}
}

// directive reads $DATASET and the variables $0 to $9; $SOA and the like
// concern the zone.
func (d *dataset) directive(line string) {
	name, rest, _ := cutAny(line[1:], " \t")
	rest = strings.TrimSpace(rest)
	switch {
	case name == "DATASET":
		kind, _, _ := cutAny(rest, ": \t")
		d.passed = !slices.Contains([]string{"ip4set", "ip4tset", "ip4trie", "ip6tset", "ip6trie"}, kind)
		d.text = ""
	case len(name) == 1 && '0' <= name[0] && name[0] <= '9':
		d.vars[name[0]-'0'] = rest
	}
}

func (d *dataset) entry(number int, line string) {
	target, value, _ := cutAny(line, " \t")
	prefixes, err := parseShort(target)
	if err != nil {
		d.file.fault(number, line, err.Error())
		return
	}
	if prefixes[0].Addr().IsLoopback() {
		return
	}
	d.file.add(number, d.fill(textOf(strings.TrimSpace(value), d.text), target), prefixes)
}

// textOf returns the text of a value, ":127.0.0.2:text" or the text alone; usual
// if there is none.
func textOf(value, usual string) string {
	if rest, coded := strings.CutPrefix(value, ":"); coded {
		if _, text, more := strings.Cut(rest, ":"); more && text != "" {
			return text
		}
		return usual
	}
	if value == "" || value[0] == '#' {
		return usual
	}
	return value
}

// fill puts the address in place of "$", and variables in place of "$0" to "$9".
func (d *dataset) fill(text, target string) string {
	var filled strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '$':
			filled.WriteByte(text[i])
		case i+1 < len(text) && text[i+1] == '$':
			filled.WriteByte('$')
			i++
		case i+1 < len(text) && '0' <= text[i+1] && text[i+1] <= '9':
			filled.WriteString(d.vars[text[i+1]-'0'])
			i++
		default:
			filled.WriteString(target)
		}
	}
	return filled.String()
}
