package redisledger

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// position is the id of a feed entry: the milliseconds of its time and a
// number among the entries of that millisecond. The zero position is before
// the first.
type position struct {
	ms, seq uint64
}

// parsePosition reads the form that Redis writes, "ms-seq"; nothing is the
// zero position.
func parsePosition(text string) (position, error) {
	if text == "" {
		return position{}, nil
	}
	ms, seq, _ := strings.Cut(text, "-")
	var p position
	var err error
	if p.ms, err = strconv.ParseUint(ms, 10, 64); err == nil {
		p.seq, err = strconv.ParseUint(seq, 10, 64)
	}
	if err != nil {
		return position{}, fmt.Errorf("feed position %q: want such as 1700000000000-0", text)
	}
	return p, nil
}

func (p position) String() string {
	return strconv.FormatUint(p.ms, 10) + "-" + strconv.FormatUint(p.seq, 10)
}

func (p position) compare(other position) int {
	return cmp.Or(cmp.Compare(p.ms, other.ms), cmp.Compare(p.seq, other.seq))
}
