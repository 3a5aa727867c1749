package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The session of deploy/protection.md runs as it is printed there.
func TestProtection_session(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	node := startNode(t, defaultFlags(t.TempDir()))
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(folder, "penaltybox")); err != nil {
		t.Fatal(err)
	}
	const mark = "--- next command ---"
	var script strings.Builder
	var commands, wanted []string
	for line := range strings.Lines(executedBlock(t, "deploy/protection.md", "TestProtection_session")) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			commands, wanted = append(commands, command), append(wanted, "")
			fmt.Fprintf(&script, "echo '%s'\n%s", mark, command)
			continue
		}
		wanted[len(wanted)-1] += line
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
	if len(got) != len(commands) {
		t.Fatalf("%d commands printed %d times:\n%s", len(commands), len(got), output)
	}
	for i, command := range commands {
		g, w := changing.ReplaceAllString(got[i], "…"), changing.ReplaceAllString(wanted[i], "…")
		if strings.TrimSpace(g) != strings.TrimSpace(w) {
			t.Errorf("$ %sprints\n%s\nand the document says\n%s", command, g, w)
		}
	}
}

// The document names every set that comes with the program, and no other as one.
func TestProtection_sets(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("deploy/protection.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "come with the program and are on: ")
	list, _, _ = strings.Cut(list, ". ")
	said := map[string]bool{}
	for _, word := range strings.Split(list, "`") {
		if word = strings.TrimSpace(word); word != "" && word != "," && word != "and" {
			said[word] = true
		}
	}
	files, err := filepath.Glob("scoring/protect/sets/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".txt"); !said[name] {
			t.Errorf("%s is not told of", name)
		}
	}
	if len(said) != len(files) {
		t.Errorf("told are %v, there are %d", said, len(files))
	}
}
