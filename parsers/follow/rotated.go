package follow

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sibling is a file beside the log that was rotated out of it, or the log
// itself.
type sibling struct {
	name    string
	written time.Time
	place   Place // device and inode
}

// rotatedName is what logrotate and its kin append to a log's name: .1, .1.gz,
// -20261122, -20261122.xz, .2026-11-22.zst, -20261122-1763800000.
var rotatedName = regexp.MustCompile(`^(\.[0-9]{1,4}|[-.][0-9]{4}-?[0-9]{2}-?[0-9]{2}[-_T.0-9]*?)(\.gz|\.xz|\.zst)?$`)

// isArchive tells whether a name is one of a compressed file.
func isArchive(name string) bool {
	switch filepath.Ext(name) {
	case ".gz", ".xz", ".zst":
		return true
	}
	return false
}

// siblings returns the files that were rotated out of a log, the one that was
// written to first being the first, and the log itself at the end if it is
// there. An archive that is just being written, beside the file that it is
// made of, is left out. While files are being renamed, the error is
// fs.ErrNotExist.
func siblings(log string) ([]sibling, error) {
	found, err := list(log)
	if err != nil {
		return nil, err
	}
	// A file that is renamed while a folder is read may be seen twice or not
	// at all.
	again, err := list(log)
	if err != nil {
		return nil, err
	}
	same := func(a, b sibling) bool { return a.name == b.name && a.place.sameFile(b.place) }
	if !slices.EqualFunc(found, again, same) {
		return nil, fmt.Errorf("looking for rotated files: they are being renamed: %w", fs.ErrNotExist)
	}
	return again, nil
}

func list(log string) ([]sibling, error) {
	folder, base := filepath.Split(log)
	entries, err := os.ReadDir(cmp.Or(folder, "."))
	if err != nil {
		return nil, fmt.Errorf("looking for rotated files: %w", err)
	}
	var found []sibling
	plain := make(map[string]bool)
	for _, entry := range entries {
		suffix, ok := strings.CutPrefix(entry.Name(), base)
		if !ok || !rotatedName.MatchString(suffix) {
			continue
		}
		s, err := lookAt(folder + entry.Name())
		if err != nil {
			return nil, err
		}
		found = append(found, s)
		plain[s.name] = true
	}
	found = slices.DeleteFunc(found, func(s sibling) bool {
		return isArchive(s.name) && plain[strings.TrimSuffix(s.name, filepath.Ext(s.name))]
	})
	slices.SortFunc(found, func(a, b sibling) int {
		return cmp.Or(a.written.Compare(b.written), compareAge(log, b.name, a.name))
	})
	current, err := lookAt(log)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	return append(found, current), err
}

// open opens the file, unless its name stands for another by now.
func (s sibling) open(now time.Time) (*file, error) {
	f, err := openFile(s.name, now)
	if err != nil || f.place.sameFile(s.place) {
		return f, err
	}
	f.close()
	return nil, fmt.Errorf("opening %s: it was renamed: %w", s.name, fs.ErrNotExist)
}

// compareAge orders rotated files that were written at the same moment by
// their names: log.1 is younger than log.2, log-20261122 than log-20261121.
func compareAge(log, a, b string) int {
	number := func(name string) int {
		suffix := strings.TrimSuffix(strings.TrimPrefix(name, log), filepath.Ext(name))
		n, err := strconv.Atoi(strings.TrimPrefix(cmp.Or(suffix, filepath.Ext(name)), "."))
		if err != nil || n > 9999 {
			return 0
		}
		return n
	}
	return cmp.Or(number(a)-number(b), strings.Compare(b, a))
}

func lookAt(name string) (sibling, error) {
	info, err := os.Stat(name)
	if err != nil {
		return sibling{}, err
	}
	s := sibling{name: name, written: info.ModTime()}
	s.place.Device, s.place.Inode = inode(info)
	return s, nil
}

// IsRotated tells whether a name is one that rotated files have, whatever log
// they come from. Patterns such as /var/log/*.log* match them too.
func IsRotated(name string) bool {
	base := filepath.Base(name)
	if isArchive(name) {
		return true
	}
	for i := 1; i < len(base); i++ {
		if (base[i] == '.' || base[i] == '-') && rotatedName.MatchString(base[i:]) {
			return true
		}
	}
	return false
}
