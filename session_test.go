package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// session is what somebody types into a shell and reads there, as a document
// prints it.
type session struct {
	commands, prints []string
}

func readSession(block string) (s session) {
	for line := range strings.Lines(block) {
		if command, is := strings.CutPrefix(line, "$ "); is {
			s.commands, s.prints = append(s.commands, command), append(s.prints, "")
			continue
		}
		s.prints[len(s.prints)-1] += line
	}
	return s
}

// wants types the commands, put right for a test, with penaltybox at hand for a
// node, and wants to read what the document prints but for what changes.
func (s session) wants(t *testing.T, node *testNode, right *strings.Replacer, changes *regexp.Regexp) {
	t.Helper()
	folder := t.TempDir()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(folder, "penaltybox")); err != nil {
		t.Fatal(err)
	}
	const mark = "--- next command ---"
	var script strings.Builder
	for _, command := range s.commands {
		fmt.Fprintf(&script, "echo '%s'\n%s", mark, right.Replace(command))
	}
	bash := exec.CommandContext(t.Context(), "bash", "-eu")
	bash.Dir, bash.Stdin = folder, strings.NewReader(script.String())
	bash.Env = append(os.Environ(), asMain+"=1", "PATH="+folder+string(os.PathListSeparator)+os.Getenv("PATH"),
		"PENALTYBOX_URL=http://"+node.http, "PENALTYBOX_STATE="+node.state)
	output, err := bash.CombinedOutput()
	if err != nil {
		t.Fatalf("the session fails: %v\n%s", err, output)
	}
	got := strings.Split(string(output), mark+"\n")[1:]
	if len(got) != len(s.commands) {
		t.Fatalf("%d commands printed %d times:\n%s", len(s.commands), len(got), output)
	}
	for i, command := range s.commands {
		g, w := changes.ReplaceAllString(got[i], "…"), changes.ReplaceAllString(s.prints[i], "…")
		if strings.TrimSpace(g) != strings.TrimSpace(w) {
			t.Errorf("$ %sprints\n%s\nand the document says\n%s", command, g, w)
		}
	}
}
