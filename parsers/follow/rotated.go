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
	mark    string // in the name: see markOf
	written time.Time
	place   Place // device and inode
}

// rotatedName is what logrotate and its kin append to a log's name: .1, .1.gz,
// .0.bz2, -20261122, -20261122.xz, .2026-11-22.zst, -20261122-1763800000.
var rotatedName = regexp.MustCompile(`^(\.[0-9]{1,4}|[-.][0-9]{4}-?[0-9]{2}-?[0-9]{2}[-_T.0-9]*?)(\.gz|\.bz2|\.xz|\.zst)?$`)

// processed is what svlogd and multilog call what was rotated out of "current".
var processed = regexp.MustCompile(`^@[0-9a-f]{24}\.[su]$`)

// markOf returns what tells a rotated file from its log: .1 of auth.log.1.gz,
// -20261122 of auth-20261122.log, which is what logrotate's "extension .log"
// makes of auth.log.
func markOf(log, name string) (mark string, ok bool) {
	base := filepath.Base(log)
	if base == "current" && processed.MatchString(name) {
		return name, true
	}
	suffix, ok := strings.CutPrefix(name, base)
	if !ok {
		stem := strings.TrimSuffix(base, filepath.Ext(base))
		if suffix, ok = strings.CutPrefix(name, stem); !ok || stem == "" || stem == base {
			return "", false
		}
		mark, ending, found := strings.Cut(suffix, filepath.Ext(base))
		if suffix = mark + ending; !found {
			return "", false
		}
	}
	parts := rotatedName.FindStringSubmatch(suffix)
	if parts == nil {
		return "", false
	}
	return parts[1], true
}

// isArchive tells whether a name is one of a compressed file.
func isArchive(name string) bool {
	switch filepath.Ext(name) {
	case ".gz", ".bz2", ".xz", ".zst":
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
	found, err := beside(log)
	if err != nil {
		return nil, err
	}
	// What a link stands for is rotated where it lies.
	if target, err := filepath.EvalSymlinks(log); err == nil && target != log && isLink(log) {
		more, err := beside(target)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	slices.SortFunc(found, func(a, b sibling) int {
		return cmp.Or(a.written.Compare(b.written), compareAge(b, a))
	})
	current, err := lookAt(log)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	// A link to NAME.20261122 is rotated by making it anew.
	found = slices.DeleteFunc(found, func(s sibling) bool { return s.place.sameFile(current.place) })
	return append(found, current), err
}

// isLink tells whether a name is one of a symbolic link.
func isLink(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// beside returns the files that were rotated out of a log into its folder.
func beside(log string) ([]sibling, error) {
	folder := filepath.Dir(log)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("looking for rotated files: %w", err)
	}
	var found []sibling
	plain := make(map[string]bool)
	for _, entry := range entries {
		mark, ok := markOf(log, entry.Name())
		if !ok {
			continue
		}
		s, err := lookAt(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		s.mark = mark
		found = append(found, s)
		plain[s.name] = true
	}
	return slices.DeleteFunc(found, func(s sibling) bool {
		return isArchive(s.name) && plain[strings.TrimSuffix(s.name, filepath.Ext(s.name))]
	}), nil
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
func compareAge(a, b sibling) int {
	number := func(s sibling) int {
		n, err := strconv.Atoi(strings.TrimPrefix(s.mark, "."))
		if err != nil || n > 9999 {
			return 0
		}
		return n
	}
	return cmp.Or(number(a)-number(b), strings.Compare(b.name, a.name))
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
