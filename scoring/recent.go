package scoring

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Filter chooses entries by what they say in effect, amendments included. The
// zero value of a field chooses all.
type Filter struct {
	Reporter   ReporterNumber
	Categories CategorySet  // by the policy of the moment
	Since      time.Time    // reported then or later
	Prefix     netip.Prefix // within this prefix, of any width
}

// Cursor is a place in the order of [Scoreboard.Recent]: behind one entry. The
// zero value stands before the newest. It stays good while entries come and
// go.
type Cursor struct {
	Reported int64 // unix seconds
	Prefix   netip.Prefix
	ID       ID
}

// String writes the cursor as one word for use in a URL; the zero cursor is
// empty.
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	return fmt.Sprintf("%d_%s_%s", c.Reported, c.ID, c.Prefix.Addr())
}

// ParseCursor reads the form that [Cursor.String] writes.
func ParseCursor(text string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	fault := fmt.Errorf("cursor %q: not one that a page of entries ended with", text)
	parts := strings.SplitN(text, "_", 3)
	if len(parts) != 3 {
		return Cursor{}, fault
	}
	reported, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return Cursor{}, fault
	}
	id, err := ParseID(parts[1])
	if err != nil {
		return Cursor{}, fault
	}
	addr, err := netip.ParseAddr(parts[2])
	if err != nil {
		return Cursor{}, fault
	}
	return Cursor{Reported: reported, Prefix: PrefixOf(addr), ID: id}, nil
}
