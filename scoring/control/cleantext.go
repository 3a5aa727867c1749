package control

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cleanText makes somebody's text safe to keep and to show: broken UTF-8,
// control characters but line ends and tabs, and marks that turn the direction
// of writing go.
func cleanText(text string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		switch {
		case c == '\n', c == '\t':
			return c
		case c == utf8.RuneError, unicode.In(c, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp):
			return -1
		}
		return c
	}, text))
}

// cleanLine is cleanText for what stands in one line.
func cleanLine(text string) string {
	return strings.Join(strings.Fields(cleanText(text)), " ")
}
