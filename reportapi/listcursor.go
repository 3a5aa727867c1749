package reportapi

import (
	"fmt"
	"regexp"
	"strconv"
)

// cursor is a place in the change log of this node: which log, which rule of
// the scoreboard, and the version that the list had. After a restart, at another
// node, or when the zone has another rule, it is not known, and the whole list is
// told.
type cursor struct {
	epoch   uint64 // of the log; never 0
	rule    int
	version uint64
}

// fromTheStart is what asks for the whole list in the form of changes.
const fromTheStart = "start"

var cursorShape = regexp.MustCompile(`^c([0-9a-f]{16})\.([0-9]{1,4})\.([0-9]{1,20})$`)

// String writes a cursor as clients send it back.
func (c cursor) String() string { return fmt.Sprintf("c%016x.%d.%d", c.epoch, c.rule, c.version) }

// readCursor reads a cursor; false: the text is none.
func readCursor(text string) (cursor, bool) {
	if text == fromTheStart {
		return cursor{}, true
	}
	parts := cursorShape.FindStringSubmatch(text)
	if parts == nil {
		return cursor{}, false
	}
	// What does not fit into a number is known nowhere.
	epoch, _ := strconv.ParseUint(parts[1], 16, 64)
	rule, _ := strconv.Atoi(parts[2])
	version, err := strconv.ParseUint(parts[3], 10, 64)
	if err != nil {
		return cursor{}, true
	}
	return cursor{epoch, rule, version}, true
}

// cursorNow is where the log stands.
func (s *server) cursorNow(zone *Zone) cursor {
	return cursor{s.epoch, zone.Index, s.Board.Version()}
}
