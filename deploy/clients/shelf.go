// Package clients holds ready-made clients: what a machine needs to report to
// Penaltybox or to read from it, as files to put in place. README.md is their
// index.
//
// They hold no key. Where they need the address of the API and the name of the
// zone, @URL@ and @ZONE@ stand in the files; a [Shelf] fills them in. Both go
// into programs that others run as root, so a shelf takes only addresses that
// are words in every one of the languages: shell, PHP, JSON and settings files.
package clients

import (
	"embed"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

//go:embed README.md */*
var files embed.FS

// Index is the name of the file that tells of all others.
const Index = "README.md"

// Shelf gives out files that are filled in.
type Shelf struct {
	url string // without a final slash
}

// harmless are the letters of addresses that mean nothing to any language.
var harmless = regexp.MustCompile(`^[A-Za-z0-9.:/\[\]_~-]+$`)

// NewShelf returns a shelf for an API at an address (http or https), and an
// error if the address cannot be put into files.
func NewShelf(address string) (*Shelf, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" || !harmless.MatchString(address) {
		return nil, fmt.Errorf("address %q: want one such as https://box.example.org, without a question mark and what must be quoted", address)
	}
	return &Shelf{strings.TrimRight(address, "/")}, nil
}

// Names returns the names of all files (folder/file, and [Index]), sorted.
func Names() ([]string, error) {
	var names []string
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	slices.Sort(names)
	return names, err
}

// File returns a file, filled in for a zone; false if there is none of that
// name. A zone's name has been checked to be one of DNS.
func (s *Shelf) File(name, zone string) ([]byte, bool) {
	text, err := files.ReadFile(name)
	if err != nil {
		return nil, false
	}
	return []byte(strings.NewReplacer("@URL@", s.url, "@ZONE@", strings.TrimSuffix(zone, ".")).Replace(string(text))), true
}
