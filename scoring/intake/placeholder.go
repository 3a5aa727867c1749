package intake

import "regexp"

// placeholder is what clients put into a report when their configuration leaves
// it out: fail2ban's <ip> and %(ip)s, a shell's $IP and ${IP}, a template's
// {{.IP}} and {ip}, CMD's %IP%.
var placeholder = regexp.MustCompile(`<[A-Za-z_][A-Za-z0-9_/.-]*>|%\([A-Za-z_][A-Za-z0-9_/.-]*\)s?|%[A-Za-z_]+%|\$[A-Za-z0-9_]|\$\{|\{\{|\{[A-Za-z_]+\}`)

// Placeholder tells whether a value is, or holds, the name of a value instead of
// the value. Neither addresses nor kinds can look so; notes may.
func Placeholder(value string) bool { return placeholder.MatchString(value) }

// unfilled is the refusal of a placeholder.
func unfilled(field, value, what string) *Refusal {
	return &Refusal{
		Field: field, Value: value, Problem: "is what the client should have put " + what + " in the place of",
		Hint: "mend its configuration: such a name is filled in only where that program knows it",
	}
}
