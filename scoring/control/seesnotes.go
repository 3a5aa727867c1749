package control

import "penaltybox/scoring"

// SeesNotes tells whether the key may see the notes of what a reporter reported:
// they quote logs, with names and paths of the reporter's hosts. The reporter's
// own keys may, and moderators', unless they are for something else alone.
func (id Identity) SeesNotes(of scoring.ReporterNumber) bool {
	switch {
	case id.Role.AtLeast(RoleModerator):
		return id.May(ScopeRead) || id.May(ScopeDelist) || id.May(ScopeAdmin)
	case id.Role.AtLeast(RoleReporter):
		return id.Number == of && (id.May(ScopeRead) || id.May(ScopeReport))
	}
	return false
}
