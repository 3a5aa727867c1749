package boltledger

import (
	"os"

	"golang.org/x/sys/unix"
)

// willNeed tells the system that a stretch of a file will be read soon.
func willNeed(file *os.File, from, length int64) error {
	return unix.Fadvise(int(file.Fd()), from, length, unix.FADV_WILLNEED)
}
