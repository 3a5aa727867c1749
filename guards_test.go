package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"penaltybox/scoring"
)

// The session of deploy/guards.md runs as it is printed there.
func TestGuards_session(t *testing.T) {
	t.Parallel()
	node := startNode(t, defaultFlags(t.TempDir()))
	readSession(executedBlock(t, "deploy/guards.md", "TestGuards_session")).wants(t, node, strings.NewReplacer(), changing)
}

// The document tells of every guard, and whether it is off unless it is set.
func TestGuards_defaults(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("deploy/guards.md")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\| ([^|]*) \\|").FindAllStringSubmatch(string(text), -1) {
		for _, name := range strings.Split(row[1], ", ") {
			said[strings.Trim(name, "`")] = row[2]
		}
	}
	scoring.DefaultGuards().Each(func(name, value string) {
		switch {
		case name == "burst_window" || name == "pause": // told where the bursts are
			if !strings.Contains(string(text), "`"+name+"` (") {
				t.Errorf("%s is not told of", name)
			}
		case (value == "0" || value == "0s") && said[name] != "off", value != "0" && value != "0s" && said[name] != value:
			t.Errorf("%s is %s, and the document says %q", name, value, said[name])
		}
	})
}
