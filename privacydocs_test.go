package main

import (
	"regexp"
	"strings"
	"testing"
)

// The session of deploy/privacy.md runs as it is printed there.
func TestPrivacy_session(t *testing.T) {
	t.Parallel()
	node := startNode(t, defaultFlags(t.TempDir()))
	node.report("ip=" + markedIP + "&kind=hacked.host&note=" + marker)
	node.report("ip=" + markedIP + "&kind=ssh.maxauth")
	node.post("/removal", `{"ip":"`+markedIP+`","message":"patched"}`)
	changes := regexp.MustCompile(`erasure/[a-z2-7]{8}`)
	readSession(executedBlock(t, "deploy/privacy.md", "TestPrivacy_session")).wants(t, node, strings.NewReplacer(), changes)
}
