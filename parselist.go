package main

import (
	"strconv"
	"strings"
)

// listedKind is a kind of events as `parse list` shows it.
type listedKind struct {
	Service string `json:"service"`
	Kind    string `json:"kind"`
	Tier    string `json:"tier"`
	Points  uint16 `json:"points"`
	Summary string `json:"summary"`
	Example string `json:"example"`
}

// list prints every kind that every service finds.
func (cmd *parseCommand) list(s *streams) error {
	if len(cmd.File) > 0 {
		return usagef("parse list takes no files")
	}
	options, err := cmd.options(s)
	if err != nil {
		return usageError{err}
	}
	var kinds []listedKind
	rows := newTable("service", "kind", "tier", "points", "what it is", "example")
	for _, service := range options.Services() {
		for _, k := range service.Kinds {
			kinds = append(kinds, listedKind{service.Name, k.Name, k.Tier.String(), k.Points, k.Summary, k.Example})
			rows.add(service.Name, k.Name, k.Tier.String(), strconv.Itoa(int(k.Points)), k.Summary, strings.ReplaceAll(k.Example, "\n", " … "))
		}
	}
	if cmd.JSON {
		return s.printJSON(kinds)
	}
	return rows.print(s.out, s.outTerminal)
}
