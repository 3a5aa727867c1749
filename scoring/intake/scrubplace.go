package intake

import (
	"regexp"
	"strings"
)

// at makes a scrub whose matches begin where next says.
func (s scrub) at(expression string) scrub {
	s.find, s.here = regexp.MustCompile(expression), regexp.MustCompile(`^(?:`+expression+`)`)
	return s
}

// leading makes a scrub of which every match begins with one of the triggers. The
// expression must not look at what stands before it.
func leading(triggers ...string) func(signs, expression string) scrub {
	next := func(lower string, from int) int {
		first := -1
		for _, trigger := range triggers {
			// Only what would come before the first that is known.
			end := len(lower)
			if first >= 0 {
				end = min(end, first+len(trigger)-1)
			}
			if from < end {
				if at := strings.Index(lower[from:end], trigger); at >= 0 {
					first = from + at
				}
			}
		}
		return first
	}
	return func(signs, expression string) scrub {
		return scrub{triggers: triggers, signs: signs, next: next}.at(expression)
	}
}

// nextStamp returns where the next time stamp of a log may begin: "nov 22 " or
// "2026-11-22t" before "10:00:00".
func nextStamp(lower string, from int) int {
	const syslog, iso = len("nov 22 "), len("2026-11-22t")
	for colon := from; ; colon++ {
		next := strings.IndexByte(lower[min(colon, len(lower)):], ':')
		if next < 0 {
			return -1
		}
		colon += next
		clock := colon - len("10")
		if clock < 0 || colon+3 >= len(lower) || lower[colon+3] != ':' {
			continue
		}
		if at := clock - iso; at >= from && lower[clock-1] == 't' {
			return at
		}
		if at := clock - syslog; at >= from && lower[clock-1] == ' ' {
			return at
		}
	}
}

// matches returns what the expression finds, as
// [regexp.Regexp.FindAllStringSubmatchIndex] does.
func (s scrub) matches(text string) (found [][]int) {
	if s.next == nil {
		return s.find.FindAllStringSubmatchIndex(text, -1)
	}
	for at := s.next(text, 0); at >= 0; {
		match := s.here.FindStringSubmatchIndex(text[at:])
		if match == nil {
			at = s.next(text, at+1)
			continue
		}
		for i := range match {
			match[i] += at
		}
		found = append(found, match)
		at = s.next(text, match[1])
	}
	return found
}
