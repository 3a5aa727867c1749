package submit

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// KeyFrom returns where to take the key from: a file, else the environment
// variable PENALTYBOX_KEY, else the file named by PENALTYBOX_KEY_FILE. It never
// comes from a command line, which every user of the machine can read. A file
// is read anew each time, so that a new key needs no restart.
func KeyFrom(file string, getenv func(string) string) (func() (string, error), error) {
	if file == "" {
		if key := strings.TrimSpace(getenv("PENALTYBOX_KEY")); key != "" {
			return func() (string, error) { return key, nil }, nil
		}
		file = getenv("PENALTYBOX_KEY_FILE")
	}
	if file == "" {
		return nil, errors.New("no key to submit with: name its file, or set PENALTYBOX_KEY_FILE or PENALTYBOX_KEY")
	}
	read := func() (string, error) {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		key, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
		if key == "" {
			return "", fmt.Errorf("%s is empty", file)
		}
		return strings.TrimSpace(key), nil
	}
	if _, err := read(); err != nil {
		return nil, fmt.Errorf("reading the key to submit with: %w", err)
	}
	return read, nil
}
