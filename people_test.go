package main

import (
	"strings"
	"testing"
)

// The session of deploy/people.md runs as it is printed there, from its first
// block to its last.
func TestPeople_session(t *testing.T) {
	t.Parallel()
	node := startNode(t, defaultFlags(t.TempDir()))
	var whole strings.Builder
	for _, part := range []string{"keys", "rotation", "passwords", "trouble"} {
		whole.WriteString(executedBlock(t, "deploy/people.md", "TestPeople_session, "+part))
	}
	readSession(whole.String()).wants(t, node, strings.NewReplacer(), changing)
}
