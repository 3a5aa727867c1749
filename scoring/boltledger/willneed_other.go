//go:build !linux

package boltledger

import (
	"errors"
	"os"
)

// willNeed does nothing: here the system must find out by itself.
func willNeed(*os.File, int64, int64) error { return errors.ErrUnsupported }
