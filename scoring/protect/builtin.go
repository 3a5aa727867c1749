package protect

import (
	"embed"
	"fmt"
	"strings"
	"time"

	"penaltybox/scoring"
)

//go:embed sets/*.txt
var sets embed.FS

// BuiltIn is a list that comes with the program.
type BuiltIn struct {
	Name   string
	Source string // who publishes it, and where
	List
}

// BuiltIns returns all lists that come with the program, by name. It reads them
// anew each time.
func BuiltIns() ([]BuiltIn, error) {
	files, err := sets.ReadDir("sets")
	if err != nil {
		return nil, fmt.Errorf("reading built-in lists: %w", err)
	}
	var all []BuiltIn
	for _, file := range files {
		text, err := sets.ReadFile("sets/" + file.Name())
		if err != nil {
			return nil, fmt.Errorf("reading built-in lists: %w", err)
		}
		list, err := readBuiltIn(strings.TrimSuffix(file.Name(), ".txt"), text)
		if err != nil {
			return nil, fmt.Errorf("reading built-in list %s: %w", file.Name(), err)
		}
		all = append(all, list)
	}
	return all, nil
}

// readBuiltIn reads a list with a header of "# title:", "# source:" and
// "# date:".
func readBuiltIn(name string, text []byte) (BuiltIn, error) {
	list, err := Read(text, false)
	if err != nil {
		return BuiltIn{}, err
	}
	b := BuiltIn{Name: name, List: list}
	var date string
	for line := range strings.Lines(string(text)) {
		for field, value := range map[string]*string{"# title:": &b.Title, "# source:": &b.Source, "# date:": &date} {
			if rest, ok := strings.CutPrefix(line, field); ok {
				*value = strings.TrimSpace(rest)
			}
		}
	}
	b.Date, err = time.Parse(time.DateOnly, date)
	if err != nil || b.Title == "" || b.Source == "" {
		return BuiltIn{}, fmt.Errorf("header: want title, source and date (2026-01-31): %w", err)
	}
	return b, nil
}

// Set returns the list as a protected set.
func (b BuiltIn) Set() scoring.ProtectedSet {
	return scoring.ProtectedSet{Name: b.Name, Reason: b.Title, Action: scoring.NeverList, Prefixes: b.Prefixes}
}
