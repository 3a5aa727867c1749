package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever follows the README of rules, and nothing else, has a recogniser of
// their own.
func TestREADME_ownRules(t *testing.T) {
	t.Parallel()
	const document, name = "parsers/rules/README.md", "TestREADME_ownRules"
	folder := t.TempDir()
	for _, file := range []string{"rules.yaml", "shop.log"} {
		if err := os.WriteFile(filepath.Join(folder, file), []byte(executedBlock(t, document, name+" as "+file)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command, want := "", ""
	check := func() {
		if command == "" {
			return
		}
		bash := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", command)
		bash.Dir = folder
		output, err := bash.CombinedOutput()
		if err != nil || string(output) != want {
			t.Errorf("$ %s\nprints (%v)\n%s\nand the README says\n%s", command, err, output, want)
		}
	}
	commands := 0
	for line := range strings.Lines(executedBlock(t, document, name)) {
		if next, ok := strings.CutPrefix(line, "$ "); ok {
			check()
			command, want = strings.TrimSpace(next), ""
			commands++
			continue
		}
		want += line
	}
	check()
	if commands < 3 {
		t.Errorf("the README runs %d commands", commands)
	}
}
