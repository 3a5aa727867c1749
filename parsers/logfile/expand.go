package logfile

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Expand replaces each name with a "*", "?" or "[" by the files that it
// matches (see [filepath.Match]), the one that was written to first being the
// first. Other names stay as and where they are, "-" too. A pattern without a
// match is an error, and so is a folder.
func Expand(names []string) ([]string, error) {
	var all []string
	for _, name := range names {
		if !strings.ContainsAny(name, "*?[") || exists(name) {
			all = append(all, name)
			continue
		}
		matches, err := oldestFirst(name)
		if err != nil {
			return nil, err
		}
		all = append(all, matches...)
	}
	return all, nil
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

func oldestFirst(pattern string) ([]string, error) {
	names, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("files %s: %w", pattern, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("files %s: none is there: %w", pattern, fs.ErrNotExist)
	}
	infos := make(map[string]fs.FileInfo, len(names))
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if info.IsDir() {
			return nil, fmt.Errorf("files %s: %s is a folder", pattern, name)
		}
		infos[name] = info
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Or(infos[a].ModTime().Compare(infos[b].ModTime()), strings.Compare(b, a))
	})
	return names, nil
}
