package follow

import "time"

// Position is where reading stands: in the files of one log, the oldest first.
// All but the last were rotated. It is meant to be kept as JSON.
type Position struct {
	Files []Place `json:"files"`
	// Since is when the log was first looked for. What was rotated out of it
	// before that is not read.
	Since time.Time `json:"since"`
}

// Place is how far a file was read.
type Place struct {
	Device   uint64    `json:"device"`
	Inode    uint64    `json:"inode"`
	Head     head      `json:"head"`
	Offset   int64     `json:"offset"`             // bytes of its text, decompressed
	Skipping bool      `json:"skipping,omitempty"` // the offset lies within a line that is too long
	Drained  bool      `json:"drained,omitempty"`  // the file after this one is being read
	Written  time.Time `json:"written"`            // when the file had last been written to
}

// sameFile tells whether two places are of one file, if their heads fit too.
func (p Place) sameFile(other Place) bool {
	return p.Device == other.Device && p.Inode == other.Inode
}
