package intake

import (
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// noteOf returns what is kept of a report's note, which is clean already. Our
// own readers of logs write as the note of a failed login which account was
// tried, and nothing else.
func (s scale) noteOf(report Report, kind scoring.Kind, note string) string {
	if s.scrubsNames() && report.Service != "" && triesAccounts(kind) {
		note = s.config.scrubber.name(note)
	}
	return s.scrub(note)
}

// scrub returns what is kept of a clean text. What moderators write by hand may
// name people and hosts, but no more than others' may it hold a password.
func (s scale) scrub(text string) string {
	switch {
	case !s.policy.ScrubsNotes():
		return text
	case s.scrubsNames():
		return cutNote(s.config.scrubber.all(text, s.caller.Hosts))
	}
	return cutNote(s.config.scrubber.secrets(text))
}

func (s scale) scrubsNames() bool {
	return s.policy.ScrubsNotes() && !s.caller.Role.AtLeast(control.RoleModerator)
}

// triesAccounts tells whether a kind is about logging in.
func triesAccounts(kind scoring.Kind) bool {
	switch kind.Name {
	case "mail.auth", "web.login", "other.ftp", "other.voip":
		return true
	}
	return kind.Category == "ssh"
}
