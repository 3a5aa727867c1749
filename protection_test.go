package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The session of deploy/protection.md runs as it is printed there.
func TestProtection_session(t *testing.T) {
	t.Parallel()
	node := startNode(t, defaultFlags(t.TempDir()))
	readSession(executedBlock(t, "deploy/protection.md", "TestProtection_session")).wants(t, node, strings.NewReplacer(), changing)
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
